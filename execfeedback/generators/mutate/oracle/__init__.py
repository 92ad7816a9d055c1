"""Makes tests in the sandbox: a reference run on generated inputs. Standard library and Hypothesis only."""
