"""Many files in several folders changed as one: all old, or all new, whatever comes in between.

    with held(roots[NIGHTS]):
        settle(roots[NIGHTS])                              # what a power cut left half done
        change = Change(roots)
        change.put("memory", "head", b"13")                # staged, nothing holds yet
        change.drop("logs", "20261122-100000/000004.mcap")
        change.commit("the night of 2026-11-22")           # now all of it holds

What is staged lies in ``<root>/.night/new``, on the same disk as its place. The decision is one
rename: that of the journal (``journal``), after everything staged is on the disk. Before it,
whatever ends the program leaves all as it was; after it, ``settle`` finishes the renames, now or
at the next start. What was replaced or dropped is set aside in ``<root>/.night/old``. What becomes
of it is the difference between the three kinds of change (``journal.Kind``): it is kept for
``undo``, or overwritten for good, or let go because ``undo`` has an older content already.
"""
