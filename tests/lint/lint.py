#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks the sources against the rules of rules.py, and the rules against bad sources. Speaks TAP.

    lint.py ROOT     one check for each rule: does the tree below ROOT keep it?
    lint.py --self   one check for each rule: does it find what it must, and nothing else?

For the second, bad/RULE/ is a small tree in which every line that the rule must report has the
word LINT-BAD in it; where no mark can stand (a file that is too long), it is made here.
"""
import argparse
import os
import shutil
import sys
import tempfile

import rules
from tree import Tree

HERE = os.path.dirname(os.path.abspath(__file__))
MARK = "LINT-BAD"
SHOWN = 40  # violations shown for each rule


def report(number, name, good, detail=""):
    """One line of TAP."""
    print(f"{'ok' if good else 'not ok'} {number} - {name}{': ' + detail if detail else ''}"
          .replace("#", ""), flush=True)
    return good


def check_tree(root):
    """Every rule on one tree; returns the number of rules that are broken."""
    tree, broken = Tree(root), 0
    print(f"1..{len(rules.RULES) + 1}")
    for number, rule in enumerate(rules.RULES, 1):
        try:
            found = list(rule(tree))
        except rules.Missing as reason:
            print(f"ok {number} - {rule.__name__} # SKIP {reason}")
            continue
        for path, line, text in found[:SHOWN]:
            print(f"# {path}:{line}: {text}")
        detail = f"{len(found)} violations, first {found[0][0]}:{found[0][1]}" if found else ""
        broken += not report(number, rule.__name__, not found, detail)
    median, p90, count = rules.distribution(tree)
    good = count > 0 and median <= rules.MAX_FUNCTION_MEDIAN and p90 <= rules.MAX_FUNCTION_P90
    broken += not report(len(rules.RULES) + 1, "distribution", good,
                         f"{count} functions, median {median} lines, 90 % within {p90}")
    return broken


def take_marks(root):
    """{(path, line)} of every marked line below root; marks that are comments are removed, as a
    comment may be just what is missing."""
    found = set()
    for folder, _, names in os.walk(root):
        for name in names:
            path = os.path.join(folder, name)
            with open(path, encoding="utf-8") as file:
                lines = file.readlines()
            found |= {(os.path.relpath(path, root), number)
                      for number, line in enumerate(lines, 1) if MARK in line}
            with open(path, "w", encoding="utf-8") as file:
                file.writelines(line.replace(f" /* {MARK} */", "") for line in lines)
    return found


def add_sizes(root):
    """A function and a file of one line too many, and each of just enough."""
    folder = os.path.join(root, "common")
    os.makedirs(folder)
    for name, body in (("enough", rules.MAX_FUNCTION - 3), ("long", rules.MAX_FUNCTION - 2)):
        mark = f" /* {MARK} */" if name == "long" else ""
        with open(os.path.join(folder, name + ".c"), "w", encoding="utf-8") as file:
            file.write(f"static int {name}(void){mark}\n{{\n" + "\t;\n" * body + "}\n")
    for name, lines in (("file", rules.MAX_FILE), ("long_file", rules.MAX_FILE + 1)):
        with open(os.path.join(folder, name + ".h"), "w", encoding="utf-8") as file:
            file.write("int;\n" * rules.MAX_FILE)
            file.write(f"int; /* {MARK} */\n" * (lines - rules.MAX_FILE))


def check_rule(number, rule, work):
    """Does the rule find the marked lines, all of them and only them?"""
    root = os.path.join(work, rule.__name__)
    if rule is rules.sizes:
        add_sizes(root)
    else:
        shutil.copytree(os.path.join(HERE, "bad", rule.__name__), root)
    expected = take_marks(root)
    shutil.copy(os.path.join(HERE, "..", "..", ".clang-format"), root)
    try:
        found = {(path, line) for path, line, _ in rule(Tree(root))}
    except rules.Missing as reason:
        print(f"ok {number} - {rule.__name__} # SKIP {reason}")
        return True
    for path, line in sorted(expected ^ found):
        print(f"# {path}:{line}: {'not found' if (path, line) in expected else 'found'}")
    return report(number, f"{rule.__name__} finds what it must", expected and expected == found,
                  f"{len(expected & found)} of {len(expected)}")


def check_rules():
    """Every rule on its bad tree; returns the number of rules that do not work."""
    print(f"1..{len(rules.RULES)}")
    with tempfile.TemporaryDirectory(prefix="netopt-lint-") as work:
        return sum(not check_rule(number, rule, work)
                   for number, rule in enumerate(rules.RULES, 1))


def main():
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--self", action="store_true")
    parser.add_argument("root", nargs="?", default=os.path.join(HERE, "..", ".."))
    options = parser.parse_args()
    broken = check_rules() if options.self else check_tree(options.root)
    sys.exit(1 if broken else 0)


if __name__ == "__main__":
    main()
