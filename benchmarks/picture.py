r"""The README's picture: moments of a real clip with the answers drawn in.

python benchmarks/picture.py traffic.mp4 docs/images/traffic.png --frames 180,332 --query "red cars" \
    --query "the blue car" --query "vehicles moving to the left"
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path


def main() -> None:
    """Run the queries, take frames out of the annotated video, and put them side by side."""
    import av
    import numpy as np
    from PIL import Image

    from trackspeak.service import Limits, track
    from trackspeak.service.formats.video import write_video

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("video", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--query", action="append", required=True)
    parser.add_argument("--frames", default="180,330", help="frame indices, from 0")
    arguments = parser.parse_args()
    wanted = [int(index) for index in arguments.frames.split(",")]
    result = track(arguments.video, arguments.query)
    for answer in result.queries:
        print(f"{answer.query}: {[(one.track_id, round(one.score, 2)) for one in answer.tracks]}")
    with tempfile.TemporaryDirectory() as folder:
        annotated = Path(folder) / "annotated.mp4"
        write_video(result, arguments.video, annotated, limits=Limits())
        with av.open(str(annotated)) as container:
            frames = {i: f for i, f in enumerate(container.decode(video=0)) if i in wanted}
            pictures = [frames[index].to_ndarray(format="rgb24") for index in wanted]
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.concatenate(pictures, axis=1)).save(arguments.out, optimize=True)


if __name__ == "__main__":
    main()
