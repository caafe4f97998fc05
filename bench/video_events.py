"""How long a procedural film takes to be made and proved, beside how long it plays.

    python -m bench.video_events --minutes 120

Prints processor seconds of making (log, drawing, encoding, sampling, questions) and of proving (decoding all frames, tracking, second
decoder), those of decoders in their own process included, the peak of memory, and the ratio to the film's length.
"""

import argparse
import resource
import time

from synth.load import load_family
from synth.make import draft_sample, verify_sample
from synth.video.decoder_link import close


def cpu_s() -> float:
    """Processor seconds of this process and of those that have ended below it."""
    below = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + below.ru_utime + below.ru_stime


def main() -> None:
    """Make one film, prove it, print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=120.0)
    parser.add_argument("--context", type=int, default=32_768)
    parser.add_argument("--index", type=int, default=0)
    args = parser.parse_args()
    family = load_family("video.events", {"min_s": 60 * args.minutes, "max_s": 60 * args.minutes, "context_tokens": args.context})
    start = cpu_s()
    draft = draft_sample(family, "video.events", args.index, 1)
    close()
    made = cpu_s()
    sample = verify_sample(family, draft)
    close()
    proved = cpu_s()
    film, (clip,) = draft.attachments[0], draft.clips
    passed = sum(verdict.passed for verdict in sample.verdicts)
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) / 1024
    print(f"film: {clip.duration_s:.0f} s, {len(film.data):,} bytes; {len(clip.frames)} frames shown; tags {', '.join(draft.tags)}")
    print(f"made: {made - start:.1f} CPU s; proved: {proved - made:.1f} CPU s; peak of a process {peak:.0f} MiB")
    print(f"answers proved: {passed} of {len(sample.verdicts)}")
    print(f"the film plays {clip.duration_s / (proved - start):.1f} times as long as one core works")
    for verdict in sample.verdicts:
        if not verdict.passed:
            print(f"  {verdict.task}: {verdict.reason}")


if __name__ == "__main__":
    main()
