"""The in-app inbox: what a person is told, once for each event. It is the truth; what is sent beside it may be lost."""
