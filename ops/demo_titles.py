"""Readable names for the products of The Complete Journey, whose own are cash-register shorthand.

The register cuts a name at 30 characters, shouts, and shortens: `SFT DRNK SNGL SRV BTL CARB (EX`. Nothing is invented
here: words are written out, cut-off ends are dropped, and the size stays where it is what a shopper buys.

>>> title("GROCERY", "FLUID MILK WHITE ONLY", "1 GA", "Private")
'Fluid Milk White Only, 1 gal (store brand)'
>>> title("GROCERY", "SFT DRNK SNGL SRV BTL CARB (EX", "20 OZ", "National")
'Soft Drink Single Serve Bottle Carbonated, 20 oz'
>>> title("PRODUCE", "BANANAS", "40 LB", "National")
'Bananas'
>>> title("DRUG GM", "CANDY BARS (SINGLES)(INCLUDING", None, "National")
'Candy Bars (Singles)'
>>> title("GROCERY", "SUGAR", "(600) 4 LB", "Private")
'Sugar, 4 lb (store brand)'
>>> title("PRODUCE", "TOMATOES GRAPE", "PT", "National")
'Tomatoes Grape, 1 pt'
>>> title("GROCERY", "MAINSTREAM WHEAT/MULTIGRAIN BR", "20 OZ", "National")
'Mainstream Wheat/Multigrain Bread, 20 oz'
>>> title("GROCERY", "FRZN SS PREMIUM ENTREES/DNRS/N", "8.5 OZ", "National")
'Frozen Single Serve Premium Entrees/Dinners, 8.5 oz'
>>> path("PASTRY", "BREAKFAST SWEETS", "SW GDS:DONUTS")
['Pastry', 'Breakfast Sweets', 'Sweet Goods: Donuts']
>>> path("DRUG GM", "VITAMINS", "VITAMINS")
['General Merchandise', 'Vitamins']
"""

import re

# The register's shorthand, and what it stands for; phrases are replaced first, in this order.
PHRASES = {
    "SFT DRNK": "SOFT DRINK", "SW GDS": "SWEET GOODS", "PREP FD": "PREPARED FOOD", "QSR FD": "QUICK SERVICE FOOD",
    "SV BEV": "SERVICE BEVERAGE", "SNGL SRV": "SINGLE SERVE", "SGL SV/VEND MACH": "SINGLE SERVE",
    "DRUG GM": "GENERAL MERCHANDISE", "BEERALEMALT": "BEER, ALE, MALT", "CAN CAR": "CAN CARBONATED",
    "CARB INCL": "CARBONATED", "MULTIGRAIN BR": "MULTIGRAIN BREAD", "LSS THN": "LESS THAN", "LESS THN": "LESS THAN",
    "TRSH BG": "TRASH BAGS", "MNERAL WATE": "MINERAL WATER", "MNRL WAT": "MINERAL WATER",
    "DRESSING MAY": "DRESSING MAYONNAISE", "VEG DSH": "VEGETABLE DISHES", "EXACT WT": "EXACT WEIGHT",
}
WORDS = {
    "ACC": "ACCESSORIES", "BKD": "BAKED", "BN": "BEANS", "BRD": "BREADED", "BRKFST": "BREAKFAST", "BTL": "BOTTLE",
    "BTR": "BUTTER", "CARB": "CARBONATED", "CHIX": "CHICKEN", "CHOCOL": "CHOCOLATE", "CHOCOLA": "CHOCOLATE",
    "CHP": "CHOPS", "CKYS": "COOKIES", "CLEANE": "CLEANERS", "CLEANG": "CLEANING", "CND": "CANNED", "CNDY": "CANDY",
    "CONC": "CONCENTRATE", "COOKI": "COOKIES", "CRACKE": "CRACKERS", "CRBNTD": "CARBONATED", "CRKR": "CRACKERS",
    "CRYSTL": "CRYSTAL", "DAN": "DANISH", "DISPOSIBLE": "DISPOSABLE", "DNR": "DINNER", "DNRS": "DINNERS",
    "DRNK": "DRINK", "DRNKING": "DRINKING", "DRNKNG": "DRINKING", "DRNKS": "DRINKS", "DRSNG": "DRESSING", "FD": "FOOD",
    "FLVR": "FLAVORED", "FLVRD": "FLAVORED", "FRE": "FRESH", "FRZ": "FROZEN", "FRZN": "FROZEN", "GRND": "GROUND",
    "INCLUDI": "", "IWS": "WRAPPED", "JCE": "JUICE", "JUI": "JUICE", "LNCHMT": "LUNCH MEAT", "LT": "LITER",
    "MISC": "MISCELLANEOUS", "MIXS": "MIXES", "MX": "MIX", "MXS": "MIXES", "PCKGD": "PACKAGED", "PKGD": "PACKAGED",
    "PKLD": "PICKLED", "PNT": "PEANUT", "PTTY": "PATTIES", "PWDR": "POWDER", "REFRGRATD": "REFRIGERATED",
    "RTS": "READY TO SERVE", "SALD": "SALAD", "SANDWIC": "SANDWICHES", "SAUS": "SAUSAGE", "SLC": "SLICES",
    "SNDWCH": "SANDWICH", "SNKS": "SNACKS", "SPLY": "SUPPLIES", "SPRD": "SPREAD", "SS": "SINGLE SERVE", "STK": "STEAKS",
    "SWE": "SWEETENER", "SWEE": "SWEETENER", "SWEETNERS": "SWEETENERS", "TISS": "TISSUE", "VEG": "VEGETABLES",
    "WH": "WHOLE", "WHLSM": "WHOLESOME", "WRA": "WRAPS", "WTR": "WATER",
}
UNITS = {
    "OZ": "oz", "LB": "lb", "GA": "gal", "GAL": "gal", "PT": "pt", "QT": "qt", "CT": "ct", "DZ": "dozen", "L": "L",
    "ML": "ml", "PK": "pack", "IN": "in", "SQ": "sq", "FT": "ft", "YD": "yd",
}
CUT = 29  # a name this long was cut off (at 30, or at a blank there)
LOWER = {"AND", "OR", "OF", "THE", "WITH", "FOR", "IN", "ON"}


def words(shorthand):
    """The register's shorthand as title-cased words."""
    text = re.sub(r"\s+", " ", shorthand.strip())
    text = re.sub(r"\((?:BULK|INCL|OVER|EX)[^)]*\)|\([^()]*$", "", text)  # how it is stocked; a cut-off end
    text = text.replace(".", "")
    for short, long in PHRASES.items():
        text = re.sub(rf"(?<![A-Z]){re.escape(short)}(?![A-Z])", long, text)
    if len(shorthand) >= CUT:
        text = re.sub(r"[ /&-]+[A-Z]{1,2}$", "", text)  # the stump of a word
    text = re.sub(r"[A-Z]+", lambda word: WORDS.get(word[0], word[0]), text)
    text = re.sub(r"\s*&\s*(?=[A-Z])", " & ", text)
    text = re.sub(r"(\d+)PK\b", r"\1-PACK", text)
    text = re.sub(r"\s*:\s*", ": ", text)
    text = re.sub(r"\s+", " ", text).strip(" -:,/&.")
    cased = re.sub(r"[A-Z']+", lambda word: word[0].lower() if word[0] in LOWER else word[0].capitalize(), text)
    return cased[:1].upper() + cased[1:]


def size(department, package):
    """A package's size in ordinary units; nothing where it is unknown, or is the crate that loose produce comes in."""
    text = re.sub(r"^\(\d+\)\s*", "", (package or "").strip())
    number = re.match(r"(\d+(?:\.\d+)?)[\s-]", text)
    if department == "PRODUCE" and (text.endswith("CT") or (text.endswith("LB") and number and float(number[1]) > 10)):
        return ""
    if text in UNITS:
        text = "1 " + text
    if not re.search(r"\d", text):
        return ""
    text = re.sub(r"[A-Z]+", lambda word: UNITS.get(word[0], word[0].lower()), text)
    return re.sub(r"(?<!\d)\.(?=\d)", "0.", text)


def title(department, kind, package, brand):
    """One line that a person can read: what it is, how much of it, and whether the shop's own."""
    measure = size(department, package)
    return words(kind) + (f", {measure}" if measure else "") + (" (store brand)" if brand == "Private" else "")


def path(department, category, kind):
    """The category path from the widest to the narrowest, without a step that repeats the one before it."""
    steps = [words(step) for step in (department, category, kind) if step]
    return [step for place, step in enumerate(steps) if place == 0 or step != steps[place - 1]]
