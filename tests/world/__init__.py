"""The world that the tests live in: real databases, real servers, a clock that can be set."""
