"""Starting, watching and ending processes; nothing else of the project does so.

Goes in: child processes with logs, orderly stops, what killed runs left behind, free ports.
Stays out: what the processes are for.

Each child runs in a session of its own and bears its owner's mark (`SUYUN_OWNER`, a folder).
A reaper, a small process of its own, ends all children of an owner that dies without doing so;
whatever escapes even that is found by mark or by recorded session when the owner starts again.
"""
