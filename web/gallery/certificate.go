package gallery

func certificateScenes() []Scene { return nil }
