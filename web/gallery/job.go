package gallery

func jobScenes() []Scene { return nil }
