"""Trees of a run: dictionaries and lists, nested, whose leaves are tasks, or the results of these tasks."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

Tree = Any
"""A leaf, None where there is none, or a mapping or a list of trees."""


def mapped(tree: Tree, leaf: Callable[[Any], Any]) -> Tree:
    """The same tree with leaf(x) in place of every leaf x."""
    if isinstance(tree, Mapping):
        return {name: mapped(branch, leaf) for name, branch in tree.items()}
    if isinstance(tree, list | tuple):
        return [mapped(branch, leaf) for branch in tree]
    return None if tree is None else leaf(tree)


def leaves(tree: Tree) -> list[Any]:
    """The leaves in the order of the tree."""
    found: list[Any] = []
    mapped(tree, found.append)
    return found


def lazy(tree: Tree, leaf: Callable[[Any], Any]) -> Tree:
    """As `mapped`, but leaf(x) is called when that leaf is used, each time: results may be large."""
    if isinstance(tree, Mapping):
        return _Mapping(tree, leaf)
    if isinstance(tree, list | tuple):
        return _List(tree, leaf)
    return None if tree is None else leaf(tree)


class _Mapping(Mapping[Any, Any]):
    def __init__(self, tree: Mapping[Any, Tree], leaf: Callable[[Any], Any]) -> None:
        self._tree, self._leaf = tree, leaf

    def __getitem__(self, name: Any) -> Tree:
        if name not in self._tree:
            raise KeyError(f"no {name!r} here; there are {', '.join(map(str, self._tree)) or 'none'}")
        return lazy(self._tree[name], self._leaf)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._tree)

    def __len__(self) -> int:
        return len(self._tree)


class _List(Sequence[Any]):
    def __init__(self, tree: Sequence[Tree], leaf: Callable[[Any], Any]) -> None:
        self._tree, self._leaf = tree, leaf

    def __getitem__(self, place: Any) -> Tree:
        return lazy(self._tree[place], self._leaf)

    def __len__(self) -> int:
        return len(self._tree)
