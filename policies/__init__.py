"""Policy as code: each rule once, as a pure function over a manifest.

Goes in: rules, their examples and standards, the preview pack, reading manifests.
Stays out: Pulumi programs, and any acting on what a rule finds.
"""
