package gallery

func checkScenes() []Scene { return nil }
