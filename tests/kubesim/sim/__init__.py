"""kubesim's parts: cli -> web -> api -> store, and the controllers that follow the store."""
