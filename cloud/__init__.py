"""The one door to the cloud: `contract/` says what may be asked, the other modules answer.

Owns: the clients of OpenStack and of the local cloud, and the process that reads disks for web.
Never: models, business words, sentences for students.
"""

from cloud.contract import Cloud
from cloud.door import open_cloud, open_consoles, open_disks, open_people

__all__ = ["Cloud", "open_cloud", "open_consoles", "open_disks", "open_people"]
