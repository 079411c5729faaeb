"""``python -m proxy.cli`` is ``fengcun``."""

from proxy.cli import main

main()
