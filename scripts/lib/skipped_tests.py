"""skipped_tests.py JUNIT-FILE - lists the tests that ctest skipped, with the words they gave as the reason."""
import sys
import xml.etree.ElementTree


def reason(case):
    lines = [line.strip() for line in (case.findtext("system-out") or "").splitlines() if line.strip()]
    said = [line for line in lines if "need" in line or "skip" in line.lower()]
    return (said or lines or ["it does not say why"])[-1]


skipped = [case for case in xml.etree.ElementTree.parse(sys.argv[1]).iter("testcase") if case.find("skipped") is not None]
if skipped:
    print(f"{len(skipped)} skipped:")
for case in skipped:
    print(f"  {case.get('name')}: {reason(case)}")
