"""Reads a page of metrics as Prometheus' own library for Python does, and prints what it has understood as JSON.

Values are printed as texts, with all their digits: readers of JSON may round.
"""

import json
import sys

from prometheus_client.parser import text_string_to_metric_families

families = []
for family in text_string_to_metric_families(sys.stdin.read()):
    samples = [[sample.name, sample.labels, repr(sample.value)] for sample in family.samples]
    families.append([family.name, family.type, family.documentation, samples])
json.dump(families, sys.stdout)
