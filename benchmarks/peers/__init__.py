"""Our dense user beside other load tools, on the same journey against the same edge."""
