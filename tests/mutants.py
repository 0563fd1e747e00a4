"""Mutants: small faults of the source, each with the test that must fail for it. `test_mutants.py` tries them all.

A row is what is wrong, the file, its text, the text of the mutant, and the test. A new kernel or criterion brings its
rows; a mutant that no test kills is a hole in the tests.
"""

from __future__ import annotations

from typing import NamedTuple


class Mutant(NamedTuple):
    """One fault: `before` stands exactly once in the file, and the test fails where `after` takes its place."""

    wrong: str
    file: str
    before: str
    after: str
    test: str


PAIRS = "sampling/test_pairs.py::test_distribution"
CLUSTER = "sampling/test_cluster.py::test_distribution"
MULTISPIN = "sampling/test_multispin.py"
FLOOD = "sampling/test_flood.py"
WORM = "sampling/test_worm.py"
RULES = "judging/test_rules.py"
EXPLORER = "report/test_explorer.py"

MUTANTS = (
    # any model of pairs
    Mutant(
        "clusters join 5 % too often", "sampling/pairs.py",
        "np.maximum(-np.expm1(np.minimum(torn, 0)), 0.0)", "np.maximum(-1.05 * np.expm1(np.minimum(torn, 0)), 0.0)",
        PAIRS,
    ),
    Mutant(
        "clusters join by the reflected letter", "sampling/pairs.py",
        "t.joined[r, t.shell[k], a, s[j]]", "t.joined[r, t.shell[k], s[i], s[j]]", PAIRS,
    ),
    Mutant(
        "clusters of the first shell alone", "sampling/pairs.py",
        "t.joined[r, t.shell[k], a, s[j]]", "t.joined[r, 0, a, s[j]]", PAIRS,
    ),
    Mutant(
        "site energies left out of the table", "sampling/pairs.py",
        "sum(axis=1) + model.sites", "sum(axis=1) + 0 * model.sites", PAIRS,
    ),
    Mutant("site energies left out of the products", "sampling/pairs.py", "one = t.own[a]", "one = 1.0", PAIRS),
    Mutant(
        "digits of a surrounding reversed", "sampling/pairs.py",
        "q ** np.arange(len(shell))[::-1] % q", "q ** np.arange(len(shell)) % q", PAIRS,
    ),
    Mutant(
        "K 3 % high in the table", "sampling/pairs.py",
        "energy = model.bonds[shell, digits]", "energy = 1.03 * model.bonds[shell, digits]", PAIRS,
    ),
    Mutant(
        "a symmetry of the bonds that the field breaks", "models/pair.py",
        "bool(same and np.abs(self.sites[p] - self.sites).max() < CLOSE)", "bool(same)", PAIRS,
    ),
    Mutant(
        "a step back taken forward", "models/pair.py", "for sign in (1, -1)]", "for sign in (1, 1)]",
        PAIRS,
    ),
    Mutant(
        "free by the first shell alone", "models/pair.py", "        b = self.bonds\n", "        b = self.bonds[:1]\n",
        "models/test_pair.py",
    ),
    Mutant(
        "one permutation of the letters for all draws", "sampling/configurations.py",
        "group[random.integers(0, len(group), len(numbers))]", "group[random.integers(0, len(group), 1)]",
        "sampling/test_configurations.py",
    ),
    # the Ising model
    Mutant(
        "K 3 % high in the clusters", "sampling/cluster.py", "_cut(2 * model.K)  #", "_cut(2.06 * model.K)  #", CLUSTER,
    ),
    Mutant(
        "K 3 % high in the heat bath", "sampling/cluster.py", "(model.K * local", "(1.03 * model.K * local", CLUSTER,
    ),
    Mutant(
        "the bond around the lattice left out", "sampling/swendsen_wang.py",
        "bond[L - 1] = ((row[L - 1] == row[0]) == alike) & (w[L - 1] >= cut)", "bond[L - 1] = 0", CLUSTER,
    ),
    Mutant(
        "a clean bond taken for a dirty one", "sampling/swendsen_wang.py",
        "clean[y + 1] = bond[y] & here_on[y] & there_on[y + d]", "clean[y + 1] = bond[y] & here_on[y]", CLUSTER,
    ),
    Mutant(
        "the ghost's clusters turn over", "sampling/swendsen_wang.py",
        "turn[_root(parent, np.uint32(start + i))] = 0", "turn[_root(parent, np.uint32(start + i))] = 1", CLUSTER,
    ),
    Mutant(
        "neighbouring clusters turn over together", "sampling/swendsen_wang.py",
        "(words[i >> 6] >> uint64(i & 63))", "(words[i >> 6] >> uint64(i & 62))", CLUSTER,
    ),
    Mutant(
        "the triangular step back taken forward", "sampling/wolff.py",
        "near[np.uintp(r), 3], down,", "near[np.uintp(r), 3], up,", CLUSTER,
    ),
    Mutant(
        "Wolff's neighbours of the wrong state", "sampling/wolff.py",
        "wanted = old if alike else here", "wanted = old if not alike else here", CLUSTER,
    ),
    Mutant(
        "a neighbour counted twice", "sampling/heat_bath.py",
        "s[near[0] + y] + s[near[1] + y]", "s[near[0] + y] + s[near[0] + y]", CLUSTER,
    ),
    # 512 replicas
    Mutant(
        "undecided replicas never turn", "sampling/multispin/coins.py",
        "if fair_word(single) < left[n]:", "if fair_word(single) < 0 * left[n]:", MULTISPIN,
    ),
    Mutant(
        "two classes exchanged", "sampling/multispin/kernels.py",
        "first, second = ~(ones | many), ones & ~many", "second, first = ~(ones | many), ones & ~many", MULTISPIN,
    ),
    Mutant(
        "a neighbour of a replica counted twice", "sampling/multispin/kernels.py",
        "spin ^ load(cells, at[k + 1] + i))", "spin ^ load(cells, at[k] + i))", MULTISPIN,
    ),
    Mutant(
        "all words of a replica's column alike", "sampling/multispin/lanes.py",
        "generate_state(3 * (WORDS + 1), np.uint64).reshape", "generate_state(3, np.uint64).repeat(WORDS + 1).reshape",
        MULTISPIN,
    ),
    # flips of clusters in bits
    Mutant(
        "bonds 3 % too often", "sampling/multispin/updates.py",
        "-math.expm1(-2 * abs(J))", "-math.expm1(-2.06 * abs(J))", FLOOD + "::test_distribution",
    ),
    Mutant(
        "undecided bonds never joined", "sampling/multispin/coins.py",
        "        yes = load(scratch, TURNED)", "        yes = yes & ~open_", FLOOD,
    ),
    Mutant(
        "a bond to two sites", "sampling/multispin/flood.py",
        "load(bonds[step], above))", "load(bonds[step], i))", FLOOD,
    ),
    Mutant(
        "a seed in another lane", "sampling/multispin/flood.py", "uint64(lane & 63)", "uint64(lane & 62)", FLOOD,
    ),
    Mutant(
        "a flood that leaves a row out", "sampling/multispin/flood.py",
        "for k in range(rows.near.shape[1]):", "for k in range(rows.near.shape[1] - 1):", FLOOD,
    ),
    Mutant(
        "a row whose ends do not meet", "sampling/multispin/flood.py",
        "if not some(missing |", "if row >= 0 or some(missing |", FLOOD,
    ),
    Mutant(
        "the ghost's clusters turn over in bits", "sampling/multispin/flood.py", " & ~held[here]", "",
        FLOOD + "::test_distribution",
    ),
    Mutant(
        "the triangular bond one site off", "sampling/multispin/flood.py",
        "shift = rows.shift if step == 2 else 0", "shift = 0", FLOOD + "::test_distribution",
    ),
    Mutant(
        "stripes joined to themselves", "sampling/multispin/lanes.py",
        "((value if stripes == 64 else _next_words(value)) << uint64(63))", "(value << uint64(63))", FLOOD,
    ),
    Mutant(
        "seeds chosen by the spins", "sampling/multispin/flood.py",
        "load(cells, cell) ^ load(lit, _at(row, y, half))", "load(cells, cell) & ~load(lit, _at(row, y, half))", FLOOD,
    ),
    # dimers
    Mutant(
        "turns of one leg favoured", "sampling/worm_kernels.py",
        "(np.int64(random) * 3) >> 8", "np.minimum(2, (np.int64(random) * 3 + 48 * (leg == 0)) >> 8)", WORM,
    ),
    Mutant(
        "two diagonal neighbours exchanged", "sampling/worm_kernels.py",
        "np.int64(direction[east + north]) | np.int64(direction[west + north]) << 2",
        "np.int64(direction[west + north]) | np.int64(direction[east + north]) << 2", WORM,
    ),
    Mutant(
        "noise coupled too strongly", "sampling/worm_kernels.py",
        "uint64(1)) * scale < alike else -s", "uint64(1)) * scale < 1.02 * alike else -s", WORM,
    ),
    # exact values
    Mutant(
        "the even modes for the odd ones", "exact/ising2d.py", "for first in (1, 2):", "for first in (2, 1):",
        "exact/test_ising2d.py",
    ),
    Mutant(
        "the seam's phase on one axis only", "exact/dimers.py",
        "((0.5, 0.0), (0.0, 0.5), (0.5, 0.5))", "((0.5, 0.0), (0.5, 0.0), (0.5, 0.5))", "exact/test_exact_dimers.py",
    ),
    # Monte Carlo RG and couplings
    Mutant(
        "powers taken as 1", "rg/operators.py", "[-x for x in site], axes) ** power", "[-x for x in site], axes)",
        "rg/test_letter_mcrg.py",
    ),
    Mutant(
        "parity by the number of sites", "rg/operators.py", "return sum(self.powers) % 2 == 0",
        "return len(self.powers) % 2 == 0", "rg/test_letter_mcrg.py",
    ),
    Mutant(
        "the site itself among its others", "rg/surroundings.py", "if other != site:", "if other is not None:",
        "rg/test_letter_couplings.py",
    ),
    Mutant(
        "the others' powers taken as 1", "rg/surroundings.py", "strict=True)], axes) ** p", "strict=True)], axes)",
        "rg/test_letter_couplings.py",
    ),
    # the judge
    Mutant(
        "errors left out of a fail", "judging/rules.py", "if one[0] < -one[1]]", "if one[0] < 0]", RULES,
    ),
    Mutant(
        "a null apart without its errors", "judging/rules.py", "> max(blurred, 1e-9 * abs(r), sys.float_info.min)",
        "> max(1e-9 * abs(r), sys.float_info.min)", RULES,
    ),
    Mutant(
        "a blind null counts", "judging/rules.py", "if null.kind not in self.blind or not null.kind]", "]", RULES,
    ),
    Mutant(
        "a bound beyond the reference counts", "judging/rules.py",
        "(measured.value - reference.value) >= 0]", "(measured.value - reference.value) is not None]", RULES,
    ),
    Mutant(
        "the fine couplings left out of the drift", "judging/criteria/flow.py",
        'coarse["nn"].value - fine["nn"].value,', 'coarse["nn"].value,', "judging/test_flow_criterion.py",
    ),
    Mutant(
        "the growth upside down", "judging/criteria/flow.py", "after / before,", "before / after,",
        "judging/test_flow_criterion.py",
    ),
    Mutant(
        "the control of the coarse layer in place of the fine lattice's", "judging/criteria/manifold.py",
        "control, same = fine, fine", "control, same = found, fine", "judging/test_manifold.py",
    ),
    Mutant(
        "pairs at random among the functions", "judging/criteria/manifold.py",
        "found[..., :-PARTNERS]", "found[..., :]", "judging/test_manifold.py",
    ),
    Mutant(
        "the other half of the chains", "judging/criteria/manifold.py",
        "fine[-len(found) :]", "fine[: len(found)]", "judging/test_manifold.py",
    ),
    Mutant(
        "a rule that passes above its null", "judging/rules.py",
        "        if lead > room:", "        if -lead > room:", "judging/test_rules.py",
    ),
    Mutant(
        "a fail of the manifold that denies nothing", "judging/verdict.py",
        " and not denied(rows)", "", "judging/test_card.py",
    ),
    Mutant(
        "rough without the reference's own distance", "judging/verdict.py",
        "abs(far) - ROUGH * abs(own[0])", "abs(far)", "judging/test_card.py",
    ),
    Mutant(
        "the ratio of two starts upside down", "rg/starts.py",
        "one / other for", "other / one for", "rg/test_starts.py",
    ),
    Mutant(
        "the left-out couplings of the first start in both places", "rg/starts.py",
        "(K, other_left)", "(left, other_left)", "rg/test_starts.py",
    ),
    Mutant(
        "noise left in a root of squares", "rg/tangent.py",
        "float(square - noise)", "float(square)", "rg/test_starts.py",
    ),
    Mutant(
        "the fine share not taken off", "judging/criteria/range.py", "        after - before,", "        after,",
        "judging/test_range.py",
    ),
    Mutant(
        "the reference measured for every map", "judging/judge.py",
        "evidence.once(reference, subject.b,", "reference(evidence, subject.b,", "test_results.py",
    ),
    Mutant(
        "blocks of an exponent as those of its eigenvalue", "rg/mcrg.py",
        "found + (left_out[:, 0] - value) / slope", "left_out[:, 0]", "test_results.py",
    ),
    Mutant(
        "the warned value lost", "rg/mcrg.py",
        "standard errors of 0\", hidden)", "standard errors of 0\")", "test_results.py",
    ),
    # maps
    Mutant(
        "ties of outputs sent down", "coarse/outputs.py", "<= self.tie, 0.5,", "<= self.tie, 0.0,",
        "coarse/test_outputs.py",
    ),
    Mutant(
        "the cut taken from X alone", "coarse/outputs.py",
        "given.transform(-rows[some])", "given.transform(rows[some])", "coarse/test_outputs.py",
    ),
    # more of the judge and the couplings
    Mutant(
        "the bounds below and above exchanged", "judging/rules.py",
        "((measured.below, 1), (measured.above, -1))", "((measured.below, -1), (measured.above, 1))", RULES,
    ),
    Mutant(
        "shares of signed couplings", "judging/criteria/range.py", "np.abs(np.asarray(K, float))",
        "np.asarray(K, float)", "judging/test_range.py",
    ),
    Mutant(
        "the neighbours' share in place of the rest", "judging/criteria/range.py",
        "1 - size[..., 0] / size.sum(axis=-1)", "size[..., 0] / size.sum(axis=-1)", "judging/test_range.py",
    ),
    Mutant(
        "exponents of steps between alphabets", "judging/criteria/coarse_couplings.py", "if fine != coarse:",
        "if fine is None:", "judging/test_letters.py",
    ),
    Mutant(
        "exponents of other letters decide", "judging/criteria/spectrum.py",
        "if not forced and subject.alphabet != SPINS:", "if not forced and subject.alphabet is None:",
        "judging/test_letters.py",
    ),
    Mutant(
        "windows around the edge of an open plane", "judging/criteria/locality.py",
        "(lattice.coordinates + side <= lattice.shape)", "(lattice.coordinates + side <= lattice.shape[0] + 1)",
        "judging/test_open_plane.py",
    ),
    Mutant(
        "an open plane taken for a torus", "coarse/embedding.py", "    weight = fields**2\n    if not periodic:",
        "    weight = fields**2\n    if periodic is None:", "judging/test_open_plane.py",
    ),
    Mutant(
        "the mean left in the magnetic operators", "rg/sectors.py", "counts.sum(axis=1, keepdims=True) / alphabet.q",
        "counts.sum(axis=1, keepdims=True) * 0", "rg/test_letter_mcrg.py",
    ),
    Mutant(
        "only three sites of a plaquette alike", "rg/sectors.py", "for site in image[1:]:", "for site in image[1:3]:",
        "rg/test_letter_mcrg.py",
    ),
    Mutant(
        "far pairs keep what free couplings make good", "rg/learned/misfit.py",
        "left = values[last:] -", "left = values[last:] - 0 *",
        "rg/test_self_similar.py::test_a_change_of_free_couplings_leaves_no_residual",
    ),
    Mutant(
        "a step to a rule of coins alone ends the learning", "rg/learned/one_row.py",
        'divide="ignore", invalid="ignore"', 'divide="raise", invalid="raise"',
        "rg/test_one_row.py::test_least_squares_passes_by_a_rule_without_covariances",
    ),
    Mutant(
        "shapes that wind around the lattice fit it", "rg/operators.py",
        "np.mod(x, lattice.shape)) for x in image}) == len(image)", "x) for x in image}) == len(image)",
        "rg/test_couplings.py",
    ),
    Mutant(
        "a filter's weights with the scatter of single sites", "experiments/kernels/tasks.py",
        "(np.array(SITES) - 1))", "1)", "experiments/test_kernels.py",
    ),
    # RBMs
    Mutant(
        "a key added to the wrong word", "randomness.py",
        "x + keys[number % 3], y + keys[(number + 1) % 3]", "x + keys[(number + 1) % 3], y + keys[number % 3]",
        "coarse/test_threefry.py",
    ),
    Mutant(
        "both halves of the units drawn from one counter", "coarse/rbm/threefry.py",
        "place = first + jax", "place = 0 * first + jax",
        "coarse/test_threefry.py::test_units_are_drawn_independently",
    ),
    # experiments
    Mutant(
        "pixels put back the wrong way", "experiments/ho_2013/data.py",
        "np.argsort(permutation(fields.shape[1], seed))", "permutation(fields.shape[1], seed)",
        "experiments/test_ho_2013.py",
    ),
    Mutant(
        "the energy's sign in the divergence", "experiments/locality_map/numbers.py",
        "/ lattice.n_sites + K *", "/ lattice.n_sites - K *", "experiments/test_locality_map.py",
    ),
    Mutant(
        "layers take each other's weights", "experiments/locality_map/tasks.py",
        "np.stack([one.components_ for one in machines])", "np.stack([one.components_ for one in machines[::-1]])",
        "experiments/test_locality_map.py::test_every_layer_of_a_training_has_its_own_numbers",
    ),
    Mutant(
        "a layer read at the next place", "experiments/locality_map/tasks.py",
        "self.weights[self.layers.index(layer)]", "self.weights[self.layers.index(layer) - 1]",
        "experiments/test_locality_map.py::test_every_layer_of_a_training_has_its_own_numbers",
    ),
    Mutant(
        "rows of the first coupling for all", "experiments/locality_map/tasks.py",
        "[rows[layer.K] for layer in layers]", "[rows[layers[0].K] for layer in layers]",
        "experiments/test_locality_map.py::test_every_layer_of_a_training_has_its_own_numbers",
    ),
    Mutant(
        "the company not in the key", "experiments/locality_map/tasks.py",
        "layers=dumped, held_out", "layers=dumped[:1], held_out",
        "experiments/test_locality_map.py::test_whom_a_layer_is_trained_with_is_in_the_key_of_its_numbers",
    ),
    Mutant(
        "all machines of an ensemble draw alike", "coarse/rbm/ensemble.py",
        "len({machine.seed_ for machine in machines}) > 1", "len({machine.seed_ for machine in machines}) > 99",
        "coarse/test_rbm_ensemble.py::test_an_ensemble_has_the_numbers_of_its_machines_alone",
    ),
    Mutant(
        "rates of two machines exchanged", "coarse/rbm/ensemble.py",
        "[machine._rates() for machine in machines]", "[machine._rates() for machine in machines[::-1]]",
        "coarse/test_rbm_ensemble.py::test_an_ensemble_has_the_numbers_of_its_machines_alone",
    ),
    # the explorer
    Mutant(
        "live spins at T 2 % high", "report/explorer/ising.js", "Math.exp(-cost / T)", "Math.exp(-cost / T / 1.02)",
        EXPLORER + "::test_updates_have_the_exact_energy",
    ),
    Mutant(
        "clusters until enough have flipped, while measuring", "report/explorer/ising.js",
        "for (let n = 0; n < this.clusters; n++) this.cluster(T); }",
        "for (let f = 0, n = 0; f < this.N && n < 200; n++) f += this.cluster(T); }",
        EXPLORER + "::test_updates_have_the_exact_energy",
    ),
    Mutant(
        "tie rings added everywhere", "report/explorer/rules.js", "(block === 0 ? sum(rule.tied, y, x) : 0)",
        "sum(rule.tied, y, x)", EXPLORER + "::test_coarse_spins_are_the_package_s",
    ),
    Mutant(
        "units at the next one's position", "report/explorer/rules.js", "site.forEach((place, j) => {",
        "site.forEach((_, j) => { const place = site[(j + 1) % site.length];",
        EXPLORER + "::test_coarse_spins_of_learned_layers_are_the_package_s",
    ),
    Mutant(
        "text of runs ends the script", "report/explorer/__init__.py", '.replace("<", "\\\\u003c")', "",
        EXPLORER + "::test_text_of_runs_is_text",
    ),
    Mutant(
        "a hit within twenty errors", "report/explorer/main.js", "found.filter(one => Math.abs(one.off) <= 2)",
        "found.filter(one => Math.abs(one.off) <= 20)", EXPLORER + "::test_a_rule_within_two_errors_of_exact_is_a_hit",
    ),
    Mutant(
        "names in the plane on top of each other", "report/explorer/plane.js",
        " && taken.every(other => apart(one, other))", "",
        EXPLORER + "::test_texts_of_plots_do_not_overlap_and_are_large_enough",
    ),
    Mutant(
        "the chosen rule's marker leaves the frame", "report/explorer/plane.js",
        "const at = [Math.min(right - 12, Math.max(left + 12, x)), Math.min(bottom - 12, Math.max(top + 12, y))];",
        "const at = [x, y];", EXPLORER + "::test_the_marker_stays_in_the_frame",
    ),
    Mutant(
        "layers of another seed", "experiments/explore.py", "if at.seed == seed:", "if at.seed != seed:",
        "experiments/test_explore.py::test_layers_over_the_penalty_are_the_run_s",
    ),
)  # fmt: skip
