"""A module that lacks files is mended in a copy."""

from __future__ import annotations

from pathlib import Path

from tools.engines.mend import Mend


def test_a_copy_has_what_the_module_lacks(tmp_path: Path) -> None:
    module, pins, target = tmp_path / "module", tmp_path / "pins", tmp_path / "cache" / "sources"
    for path, text in {module / "a" / "one.go": "package a\n", pins / "go.mod": "module x\n", pins / "go.sum": "pinned\n"}.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (module / "a" / "one.go").chmod(0o444)
    (module / "a").chmod(0o555)
    Mend("example.org/a", copies={"a/two.go": "a/one.go"}, texts={"web/index.html": "hello"}).apply(module, pins, target)
    files = {str(path.relative_to(target)): path.read_text() for path in target.rglob("*") if path.is_file()}
    assert files == {
        "go.mod": "module x\n\nreplace example.org/a => ./module\n",
        "go.sum": "pinned\n",
        "module/a/one.go": "package a\n",
        "module/a/two.go": "package a\n",
        "module/web/index.html": "hello",
    }
    assert [path.name for path in target.parent.iterdir()] == ["sources"]
    assert [path.name for path in (module / "a").iterdir()] == ["one.go"]
