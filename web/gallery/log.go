package gallery

func logScenes() []Scene { return nil }
