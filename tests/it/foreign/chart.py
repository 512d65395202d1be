"""Renders a chart with Helm's own code, for one set of values after the other.

Usage: chart.py CHART < VALUES

VALUES is one JSON object a line; so is what is printed: `faults` of the values and of helm lint, and
`documents`, each as JSON, with none where there are faults.
"""

import json
import os
import sys

import helm_python as helm
import yaml

# It would like an icon.
INFO = 1


def told_of(chart, values):
    """What Helm says of the values; its own log line about links goes to nobody."""
    with helm.Chart.load(chart) as loaded:
        try:
            loaded.validate_schema(loaded.merge_values(values))
            rendered = loaded.render(values, name="trial", namespace="privacy")
        except helm.HelmError as error:
            return {"faults": [str(error)], "documents": []}
        linted = helm.lint(chart, values, strict=True)
        found = [one for one in linted["messages"] if one["severity"] > INFO]
        faults = [str(one) for one in found + linted["errors"]]
    texts = [rendered[name] for name in sorted(rendered)]
    documents = [one for text in texts for one in yaml.safe_load_all(text) if one]
    return {"faults": faults, "documents": documents}


def main():
    for line in sys.stdin:
        print(json.dumps(told_of(os.path.abspath(sys.argv[1]), json.loads(line))))


main()
