package gallery

func accountScenes() []Scene { return nil }
