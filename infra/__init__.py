"""Turns the province into running sites: `plan` decides, `components` transcribe, `fleet` acts."""
