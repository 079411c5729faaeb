import ast
import sys

from ledger.evidence.standalone import verifier_script


def test_the_script_needs_the_standard_library_and_cryptography():
    tree = ast.parse(verifier_script(), feature_version=(3, 9))
    modules = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            modules.add((node.module or "").split(".")[0])
    assert modules - set(sys.stdlib_module_names) == {"cryptography"}


def test_the_script_explains_itself_and_names_each_thing_once():
    tree = ast.parse(verifier_script())
    assert "verify.py [PACK] --key log.vkey" in (ast.get_docstring(tree) or "")
    named = [node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    named += [
        target.id
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    ]
    assert len(named) == len(set(named))
