"""Idle machines: what is heard of them (signals), what follows (forecast, stages), whom to ask (questions), and who makes room.

Owns Activity, Hold, Question and Answer. The package decides by rows alone, and acts by machines.actions: it never calls the cloud but
to hear how busy guests are, and never moves a machine's state.
"""
