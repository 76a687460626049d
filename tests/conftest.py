"""What all tests share."""

import signal

from hypothesis import settings

# No deadline: a busy machine makes an example slow, and time is not what a property is about.
settings.register_profile("suyun", deadline=None)
settings.load_profile("suyun")

# A shell starts what it puts into the background with Ctrl-C ignored, and children inherit that:
# tests that interrupt a process would then interrupt nothing.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
