package renew

import (
	"context"
	"slices"

	"wcme/acmecore"
)

// putBack gives the targets of those whose load went wrong the files back that were
// there, and loads those.
func (r *run) putBack(ctx context.Context, jobs []*job) {
	var returned []*job
	for _, j := range jobs {
		if j.back && ctx.Err() == nil && j.putBack() {
			returned = append(returned, j)
		}
	}
	for _, action := range actionsOf(returned) {
		concerned := slices.DeleteFunc(slices.Clone(returned), func(j *job) bool { return !slices.Contains(j.work.load, action) })
		result := r.Stages.Load(ctx, action, batchOf(concerned), r.progress)
		r.loaded(result)
		for _, j := range concerned {
			j.treated.Stages = append(j.treated.Stages, acmecore.Stage{Stage: "load", Began: result.Began, Ended: result.Ended,
				Text: action + ", with the files before", Problem: result.Problem, Hint: result.Hint})
			if result.Problem != "" {
				j.returned = "the files before are back, and could not be loaded either: " + result.Problem
			}
		}
	}
}

// putBack returns the files of one certificate, and tells whether there were any.
func (j *job) putBack() bool {
	var files []string
	err := j.stage("put back", func() (text string, err error) {
		files, err = j.run.Stages.PutBack(j.id)
		return acmecore.Counted(len(files), "file", "files"), err
	})
	if err != nil {
		j.returned = "the files before could not be put back: " + acmecore.Inert(err.Error())
		j.run.Log.Error("files before not put back", "certificate", j.id, "error", err, "hint", acmecore.HintOf(err))
	}
	if len(files) == 0 {
		return false
	}
	if j.returned == "" {
		j.returned = "the files before are back"
	}
	j.step("put back", string(j.id), "the files before are back in "+acmecore.Counted(len(files), "place", "places"))
	for _, action := range j.work.load { // what was loaded is not what is there
		delete(j.now.Standing.Loaded, action)
	}
	return true
}
