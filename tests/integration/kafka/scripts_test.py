#!/usr/bin/python3
"""scripts_test.py SCRIPTS: only a start of private_kafka.sh creates the broker's directory."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

SCRIPTS = pathlib.Path(sys.argv.pop(1)).resolve()


class ScriptsTest(unittest.TestCase):
    def test_a_directory_that_is_not_there_is_an_error_and_stays_away(self):
        with tempfile.TemporaryDirectory() as directory:
            missing = pathlib.Path(directory) / "missing"
            for command in ("stop", "restart", "kill9", "freeze", "thaw"):
                with self.subTest(command):
                    script = subprocess.run([SCRIPTS / "private_kafka.sh", command, missing],
                                            stderr=subprocess.PIPE, text=True, check=False)
                    self.assertEqual(script.returncode, 1)
                    self.assertEqual(script.stderr, f"private_kafka.sh: there is no directory {missing}\n")
                    self.assertFalse(missing.exists())


if __name__ == "__main__":
    unittest.main()
