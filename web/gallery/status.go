package gallery

func statusScenes() []Scene { return nil }
