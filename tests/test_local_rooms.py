"""Where a room of the backend local shows what lies on the machine."""

import pytest
import rooms


@pytest.mark.parametrize(
    ("path", "seen"),
    [
        ("/usr/lib/python3", "/usr/lib/python3"),
        ("/home/me/venv/lib", "/home/me/venv/lib"),
        ("/tmpfiles/venv", "/tmpfiles/venv"),
        ("/tmp/venv/lib", "/opt/execfeedback/machine/tmp/venv/lib"),
        ("/tmp", "/opt/execfeedback/machine/tmp"),
        ("/box/venv", "/opt/execfeedback/machine/box/venv"),
        ("/dev/shm/venv", "/opt/execfeedback/machine/dev/shm/venv"),
    ],
)
def test_what_a_rooms_own_folders_would_hide_is_shown_elsewhere(path: str, seen: str) -> None:
    assert rooms.seen_at(path) == seen
