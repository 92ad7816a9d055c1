"""A loopback server that speaks the OpenAI chat form and answers from a script: for tests, trials and load.

A script is JSON lines. A request takes the first line that fits it, is not used up and is drawn::

    {"match": "def add", "attempt": 0, "text": "```python\\n...\\n```"}
    {"match": "def mul", "fault": "429", "retry_after": 0.1, "times": 2}
    {"fault": "cut", "rate": 0.1}

`script.py` says which line answers, `wire.py` what that looks like, `server.py` serves and counts it.
"""

from execfeedback.mock_model.script import Line, Script, load_script
from execfeedback.mock_model.server import MockModel, Serving, serve

__all__ = ["Line", "MockModel", "Script", "Serving", "load_script", "serve"]
