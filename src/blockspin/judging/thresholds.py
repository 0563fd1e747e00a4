"""Every number that decides something about a map, with where it comes from.

`benchmarks/verdicts.py` measures what the verdict does with them: how often the majority rule renormalizes, and how
often control maps and control samples do (docs/judge.md has its table).
"""

from blockspin.coarse.embedding import DEAD as DEAD
from blockspin.coarse.embedding import PLACED as PLACED
from blockspin.coarse.fields import FOLLOWS as FOLLOWS
from blockspin.rg.mcrg import SIGNIFICANT as SIGNIFICANT
from blockspin.rg.pseudolikelihood import MAGNETISED as MAGNETISED

# rules
SIGMAS = 2.0  # standard errors that a comparison must clear
# one step of majority lies .005 to .034 from y_h, by lattice and b: a factor of 7 says nothing; decimation lies at 13
ROUGH = 10.0  # times the reference's distance from an exact exponent, beyond which a map renormalizes roughly
FAR = 4.0  # errors that the reference must lie from the exact value before a ratio to its distance is given

# fields and their places
# DEAD (coarse.embedding): a unit is dead where its field's norm is below this share of the layer's largest
# PLACED (coarse.embedding): standard deviations below centres at random from which units have places on a lattice
# FOLLOWS (coarse.fields): correlation of outputs with fields times spins below which the weights are no fields
DUPLICATE = 0.9  # two units are duplicates where the cosine of their fields exceeds this
LOCAL = 1e-9  # share of w^2 outside its block below which a unit reads its block alone
ENOUGH = 16  # draws a site for the fields of a map without weights: they then cover 6 % too many sites
# share of w^2 that is noise of too few draws, above which units without positions may have some: below it blocks, with
# outputs flipped or not, lost theirs in 12 of 796 regressions on 8 x 8 sites, in none of 131 on 16 x 16
NOISY = 2 / 3

# exponents and couplings
# SIGNIFICANT (rg.mcrg): errors that an eigenvalue, or the sum of couplings, must lie from 0 to be a number
APART = 4.0  # errors that the K of samples must lie from that of critical ones for a growth

# samples
# MAGNETISED (rg.pseudolikelihood): errors that <s> must lie from 0 for a field
CERTAIN = 5.0  # errors that a mean must lie from what it should be before samples are refused for it
OFF_ERRORS, OFF_KC = 4.0, 0.003  # errors, and distance, by which the coupling that fits critical samples may miss Kc
MIXED = 1e-4  # probability (F test) of chains' mean energies below which the chains are not of one distribution
LONG = 10.0  # independent draws a chain below which chains cannot be told from a mixture
SPREAD, SOME = 0.1, 20  # of the energy's variance at Kc, and draws, below which a variance tells nothing
CORRELATED = 0.3  # of energies that follow each other: above it draws are one chain, and errors 1.4 times too small
FEW_CHAINS = 8  # chains below which an error over chains decides nothing about critical samples
FEW_DRAWS = 50  # independent draws below which the card says that they are few
