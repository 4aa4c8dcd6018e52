"""The report as text for pages: with its curve as a picture that needs nothing else."""

import re
from base64 import b64decode
from xml.etree import ElementTree

from report_scenes import reported_day

from pxcore.reports.render import to_markdown

SVG = "{http://www.w3.org/2000/svg}"


def test_picture_in_the_text_is_a_whole_svg_with_the_curve_and_the_limit(tmp_path):
    report = reported_day(tmp_path, 3)
    text = to_markdown(report, has_picture=True)
    (data,) = re.findall(r"!\[[^]]+\]\(data:image/svg\+xml;base64,([A-Za-z0-9+/=]+)\)", text)
    drawn = ElementTree.fromstring(b64decode(data))  # noqa: S314
    (curve,) = drawn.iter(f"{SVG}polyline")
    assert len(curve.attrib["points"].split()) == len(report.equity)
    assert drawn.find(f"{SVG}style") is not None
    assert {"zero"} <= {line.attrib["class"].split()[-1] for line in drawn.iter(f"{SVG}line")}


def test_text_without_a_picture_has_none(tmp_path):
    assert "data:" not in to_markdown(reported_day(tmp_path, 3))
