"""The HTTP side of the emulator; only this package imports aiohttp."""
