"""What all tests share."""

from hypothesis import settings

# No deadline: a busy machine makes an example slow, and time is not what a property is about.
settings.register_profile("suyun", deadline=None)
settings.load_profile("suyun")
