"""Everything the replica can show: the subjects people search for, and the strays among results.

`SUBJECTS` maps a short English name to an object with its Korean query word; `STRAYS` holds the
unrelated kinds of picture that a search mixes in, objects and whole scenes alike.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from tests.naver_replica import animals, landscapes, odds, pages, patterns, plants, things, vehicles
from tests.naver_replica.backgrounds import Paint
from tests.naver_replica.canvas import Canvas, Rgb
from tests.naver_replica.colours import ANY_COLOUR

FUR = ("orange", "black", "white", "gray", "brown")

PaintObject = Callable[[Canvas, Rgb, np.random.Generator], None]


@dataclass(frozen=True, slots=True)
class Subject:
    """An object that is set before a background.

    `paint` draws it into the box -1…1 in one of `colours` (names in `colours.COLOURS`); in a
    picture it stands at most `tilt_deg` from upright.
    """

    name: str
    korean: str
    paint: PaintObject
    colours: tuple[str, ...] = ANY_COLOUR
    tilt_deg: float = 15.0


@dataclass(frozen=True, slots=True)
class Scene:
    """A picture without an object in its middle; `paint` fills the whole frame."""

    name: str
    korean: str
    paint: Paint


SUBJECTS: Mapping[str, Subject] = MappingProxyType(
    {
        subject.name: subject
        for subject in (
            Subject("apple", "사과", plants.paint_apple, ("red", "green", "yellow"), 40),
            Subject("banana", "바나나", plants.paint_banana, ("yellow", "green"), 60),
            Subject(
                "flower", "꽃", plants.paint_flower, ("red", "pink", "white", "purple", "orange")
            ),
            Subject("tree", "나무", plants.paint_tree, ("green", "orange", "pink"), 5),
            Subject("cat", "고양이", animals.paint_cat, FUR),
            Subject("dog", "강아지", animals.paint_dog, FUR),
            Subject("fish", "물고기", animals.paint_fish, tilt_deg=30),
            Subject("bird", "새", animals.paint_bird),
            Subject("butterfly", "나비", animals.paint_butterfly, tilt_deg=60),
            Subject("car", "자동차", vehicles.paint_car, tilt_deg=8),
            Subject("bus", "버스", vehicles.paint_bus, tilt_deg=6),
            Subject("bicycle", "자전거", vehicles.paint_bicycle, tilt_deg=10),
            Subject("airplane", "비행기", vehicles.paint_airplane, tilt_deg=25),
            Subject("boat", "배", vehicles.paint_boat, tilt_deg=10),
            Subject("house", "집", things.paint_house, tilt_deg=4),
            Subject("clock", "시계", things.paint_clock),
            Subject("cup", "컵", things.paint_cup, tilt_deg=10),
            Subject("guitar", "기타", things.paint_guitar, ("brown", "orange", "red", "blue"), 50),
            Subject("chair", "의자", things.paint_chair, tilt_deg=8),
            Subject("umbrella", "우산", things.paint_umbrella, tilt_deg=30),
        )
    }
)

STRAYS: Mapping[str, Subject | Scene] = MappingProxyType(
    {
        stray.name: stray
        for stray in (
            Subject("key", "열쇠", odds.paint_key, ("gray", "yellow", "brown", "black"), 90),
            Subject("balloons", "풍선", odds.paint_balloons),
            Subject("snowman", "눈사람", odds.paint_snowman, tilt_deg=8),
            Subject("mushroom", "버섯", odds.paint_mushroom, ("red", "brown", "orange", "purple")),
            Subject("book", "책", odds.paint_book, tilt_deg=40),
            Subject("traffic light", "신호등", odds.paint_traffic_light, tilt_deg=5),
            Subject("cactus", "선인장", odds.paint_cactus, ("brown", "orange", "white", "blue"), 6),
            Subject("pencil", "연필", odds.paint_pencil, tilt_deg=60),
            Subject("dice", "주사위", odds.paint_dice, tilt_deg=30),
            Subject("envelope", "편지 봉투", odds.paint_envelope),
            Subject("lamp", "램프", odds.paint_lamp, tilt_deg=6),
            Subject("star", "별", odds.paint_star, tilt_deg=36),
            Subject("heart", "하트", odds.paint_heart, ("red", "pink", "purple"), 25),
            Subject("ladder", "사다리", odds.paint_ladder, tilt_deg=25),
            Subject("glasses", "안경", odds.paint_glasses),
            Subject("beach ball", "비치볼", odds.paint_ball, tilt_deg=90),
            Scene("stripes", "줄무늬", patterns.paint_stripes),
            Scene("checkerboard", "체크무늬", patterns.paint_checkerboard),
            Scene("polka dots", "물방울무늬", patterns.paint_dots),
            Scene("zigzag", "지그재그 무늬", patterns.paint_zigzag),
            Scene("tartan", "타탄 무늬", patterns.paint_plaid),
            Scene("honeycomb", "벌집 무늬", patterns.paint_hexagons),
            Scene("mosaic", "모자이크", patterns.paint_mosaic),
            Scene("rings", "동심원", patterns.paint_rings),
            Scene("spiral", "소용돌이", patterns.paint_spiral),
            Scene("maze", "미로", patterns.paint_maze),
            Scene("marble", "대리석", patterns.paint_marble),
            Scene("smoke", "연기", patterns.paint_smoke),
            Scene("crystals", "수정 조각", patterns.paint_crystals),
            Scene("brush strokes", "붓자국", patterns.paint_brush_strokes),
            Scene("confetti", "색종이 조각", patterns.paint_confetti),
            Scene("rainbow", "무지개색", patterns.paint_rainbow),
            Scene("static", "지직거리는 화면", patterns.paint_static),
            Scene("bar chart", "막대그래프", pages.paint_bar_chart),
            Scene("pie chart", "원그래프", pages.paint_pie_chart),
            Scene("line chart", "꺾은선그래프", pages.paint_line_chart),
            Scene("scatter plot", "산점도", pages.paint_scatter_plot),
            Scene("heat map", "히트맵", pages.paint_heat_map),
            Scene("document", "문서", pages.paint_document),
            Scene("newspaper", "신문", pages.paint_newspaper),
            Scene("chat", "대화 화면", pages.paint_chat),
            Scene("terminal", "터미널 화면", pages.paint_terminal),
            Scene("spreadsheet", "엑셀 표", pages.paint_spreadsheet),
            Scene("QR code", "큐알 코드", pages.paint_qr_code),
            Scene("barcode", "바코드", pages.paint_barcode),
            Scene("calendar", "달력", pages.paint_calendar),
            Scene("music score", "악보", pages.paint_music_score),
            Scene("advertisement", "광고", pages.paint_advertisement),
            Scene("piano keys", "피아노 건반", pages.paint_piano),
            Scene("mountains", "산", landscapes.paint_mountains),
            Scene("sunset", "노을", landscapes.paint_sunset),
            Scene("starry night", "밤하늘", landscapes.paint_stars),
            Scene("skyline", "도시 야경", landscapes.paint_skyline),
            Scene("desert", "사막", landscapes.paint_desert),
            Scene("sea", "바다", landscapes.paint_waves),
            Scene("fireworks", "불꽃놀이", landscapes.paint_fireworks),
            Scene("rain", "비 오는 창문", landscapes.paint_rain),
            Scene("road", "도로", landscapes.paint_road),
            Scene("field", "밭", landscapes.paint_field),
        )
    }
)

KINDS: Mapping[str, Subject | Scene] = MappingProxyType({**SUBJECTS, **STRAYS})
