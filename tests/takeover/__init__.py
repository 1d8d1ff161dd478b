"""Does this version take over what the version before has left: database, queue, open pages?"""
