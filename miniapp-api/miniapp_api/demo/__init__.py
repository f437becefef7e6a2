"""The demo story: five villages told through the services, marked as demo wherever it shows, never in production."""

from miniapp_api.demo.cast import demo_accounts
from miniapp_api.demo.serving import keep_one_running
from miniapp_api.demo.telling import is_told, tell_story

__all__ = ["demo_accounts", "is_told", "keep_one_running", "tell_story"]
