"""What the phone meets: schemas and handlers, side by side, one module a feature. Thin: parse, one call, dump."""

from miniapp_api.arguments import install_strict_arguments

install_strict_arguments()
