package gallery

func certifyScenes() []Scene { return nil }
