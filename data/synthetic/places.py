"""The country: Italian cities with their coordinates, postal code, region and population.

Populations are rounded resident counts (ISTAT, about 2021), postal codes are those of the centre (Poste Italiane),
coordinates are of the city, to about a kilometre. Areas are the five statistical groups of regions.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

TIMEZONE: Final = "Europe/Rome"
COUNTRY: Final = "IT"
EARTH_RADIUS_KM: Final = 6371.0088

#: Region → statistical area.
AREA_OF_REGION: Final = {
    "Piemonte": "northwest",
    "Valle d'Aosta": "northwest",
    "Liguria": "northwest",
    "Lombardia": "northwest",
    "Trentino-Alto Adige": "northeast",
    "Veneto": "northeast",
    "Friuli-Venezia Giulia": "northeast",
    "Emilia-Romagna": "northeast",
    "Toscana": "centre",
    "Umbria": "centre",
    "Marche": "centre",
    "Lazio": "centre",
    "Abruzzo": "south",
    "Molise": "south",
    "Campania": "south",
    "Puglia": "south",
    "Basilicata": "south",
    "Calabria": "south",
    "Sicilia": "islands",
    "Sardegna": "islands",
}
#: Regions in the order of the table above.
REGIONS: Final = tuple(AREA_OF_REGION)
AREAS: Final = ("northwest", "northeast", "centre", "south", "islands")


@dataclass(frozen=True, slots=True)
class Place:
    """One city. Coordinates in degrees."""

    name: str
    postal_code: str
    region: str
    latitude: float
    longitude: float
    population: int

    @property
    def area(self) -> str:
        """The statistical area its region belongs to."""
        return AREA_OF_REGION[self.region]


PLACES: Final = (
    Place("Roma", "00184", "Lazio", 41.893, 12.483, 2_750_000),
    Place("Milano", "20121", "Lombardia", 45.464, 9.190, 1_350_000),
    Place("Napoli", "80133", "Campania", 40.852, 14.268, 920_000),
    Place("Torino", "10121", "Piemonte", 45.070, 7.687, 850_000),
    Place("Palermo", "90133", "Sicilia", 38.116, 13.362, 635_000),
    Place("Genova", "16121", "Liguria", 44.407, 8.934, 560_000),
    Place("Bologna", "40121", "Emilia-Romagna", 44.494, 11.343, 390_000),
    Place("Firenze", "50122", "Toscana", 43.770, 11.256, 360_000),
    Place("Bari", "70121", "Puglia", 41.118, 16.872, 316_000),
    Place("Catania", "95131", "Sicilia", 37.503, 15.087, 301_000),
    Place("Verona", "37121", "Veneto", 45.438, 10.992, 256_000),
    Place("Venezia", "30121", "Veneto", 45.440, 12.316, 254_000),
    Place("Messina", "98122", "Sicilia", 38.194, 15.554, 221_000),
    Place("Padova", "35121", "Veneto", 45.406, 11.877, 207_000),
    Place("Trieste", "34121", "Friuli-Venezia Giulia", 45.650, 13.777, 199_000),
    Place("Parma", "43121", "Emilia-Romagna", 44.801, 10.328, 196_000),
    Place("Brescia", "25121", "Lombardia", 45.541, 10.222, 196_000),
    Place("Prato", "59100", "Toscana", 43.880, 11.097, 195_000),
    Place("Taranto", "74121", "Puglia", 40.476, 17.230, 189_000),
    Place("Modena", "41121", "Emilia-Romagna", 44.647, 10.925, 184_000),
    Place("Reggio Calabria", "89125", "Calabria", 38.111, 15.650, 171_000),
    Place("Reggio Emilia", "42121", "Emilia-Romagna", 44.698, 10.631, 170_000),
    Place("Perugia", "06121", "Umbria", 43.111, 12.389, 162_000),
    Place("Ravenna", "48121", "Emilia-Romagna", 44.418, 12.203, 156_000),
    Place("Livorno", "57123", "Toscana", 43.550, 10.310, 153_000),
    Place("Rimini", "47921", "Emilia-Romagna", 44.060, 12.565, 149_000),
    Place("Cagliari", "09124", "Sardegna", 39.223, 9.121, 149_000),
    Place("Foggia", "71121", "Puglia", 41.462, 15.544, 146_000),
    Place("Ferrara", "44121", "Emilia-Romagna", 44.838, 11.620, 130_000),
    Place("Latina", "04100", "Lazio", 41.467, 12.904, 127_000),
    Place("Salerno", "84121", "Campania", 40.682, 14.768, 127_000),
    Place("Giugliano in Campania", "80014", "Campania", 40.928, 14.196, 124_000),
    Place("Monza", "20900", "Lombardia", 45.584, 9.274, 122_000),
    Place("Sassari", "07100", "Sardegna", 40.726, 8.560, 121_000),
    Place("Bergamo", "24121", "Lombardia", 45.695, 9.670, 120_000),
    Place("Pescara", "65121", "Abruzzo", 42.464, 14.214, 118_000),
    Place("Trento", "38122", "Trentino-Alto Adige", 46.067, 11.121, 118_000),
    Place("Forlì", "47121", "Emilia-Romagna", 44.222, 12.041, 117_000),
    Place("Siracusa", "96100", "Sicilia", 37.075, 15.287, 116_000),
    Place("Vicenza", "36100", "Veneto", 45.547, 11.546, 110_000),
    Place("Bolzano", "39100", "Trentino-Alto Adige", 46.498, 11.355, 107_000),
    Place("Terni", "05100", "Umbria", 42.563, 12.643, 107_000),
    Place("Piacenza", "29121", "Emilia-Romagna", 45.052, 9.693, 103_000),
    Place("Novara", "28100", "Piemonte", 45.446, 8.622, 102_000),
    Place("Ancona", "60121", "Marche", 43.617, 13.519, 99_000),
    Place("Andria", "76123", "Puglia", 41.227, 16.296, 98_000),
    Place("Udine", "33100", "Friuli-Venezia Giulia", 46.063, 13.236, 98_000),
    Place("Arezzo", "52100", "Toscana", 43.463, 11.880, 97_000),
    Place("Cesena", "47521", "Emilia-Romagna", 44.139, 12.243, 96_000),
    Place("Lecce", "73100", "Puglia", 40.352, 18.174, 94_000),
    Place("Pesaro", "61121", "Marche", 43.910, 12.913, 95_000),
    Place("La Spezia", "19121", "Liguria", 44.107, 9.824, 92_000),
    Place("Alessandria", "15121", "Piemonte", 44.913, 8.615, 91_000),
    Place("Pisa", "56125", "Toscana", 43.716, 10.397, 89_000),
    Place("Catanzaro", "88100", "Calabria", 38.905, 16.595, 85_000),
    Place("Pistoia", "51100", "Toscana", 43.933, 10.917, 89_000),
    Place("Lucca", "55100", "Toscana", 43.843, 10.506, 89_000),
    Place("Brindisi", "72100", "Puglia", 40.638, 17.946, 83_000),
    Place("Treviso", "31100", "Veneto", 45.666, 12.245, 84_000),
    Place("Como", "22100", "Lombardia", 45.808, 9.085, 83_000),
    Place("Busto Arsizio", "21052", "Lombardia", 45.612, 8.850, 83_000),
    Place("Grosseto", "58100", "Toscana", 42.763, 11.112, 81_000),
    Place("Varese", "21100", "Lombardia", 45.820, 8.826, 79_000),
    Place("Caserta", "81100", "Campania", 41.074, 14.333, 73_000),
    Place("Asti", "14100", "Piemonte", 44.900, 8.206, 73_000),
    Place("Ragusa", "97100", "Sicilia", 36.926, 14.725, 73_000),
    Place("Cremona", "26100", "Lombardia", 45.133, 10.024, 71_000),
    Place("Pavia", "27100", "Lombardia", 45.186, 9.155, 71_000),
    Place("L'Aquila", "67100", "Abruzzo", 42.350, 13.400, 70_000),
    Place("Cosenza", "87100", "Calabria", 39.299, 16.254, 64_000),
    Place("Potenza", "85100", "Basilicata", 40.640, 15.805, 64_000),
    Place("Viterbo", "01100", "Lazio", 42.417, 12.104, 66_000),
    Place("Trapani", "91100", "Sicilia", 38.018, 12.514, 63_000),
    Place("Olbia", "07026", "Sardegna", 40.923, 9.498, 61_000),
    Place("Matera", "75100", "Basilicata", 40.666, 16.604, 60_000),
    Place("Savona", "17100", "Liguria", 44.307, 8.481, 58_000),
    Place("Benevento", "82100", "Campania", 41.130, 14.782, 57_000),
    Place("Agrigento", "92100", "Sicilia", 37.311, 13.577, 56_000),
    Place("Cuneo", "12100", "Piemonte", 44.389, 7.548, 56_000),
    Place("Rovigo", "45100", "Veneto", 45.070, 11.790, 50_000),
    Place("Mantova", "46100", "Lombardia", 45.156, 10.791, 49_000),
    Place("Macerata", "62100", "Marche", 43.300, 13.453, 41_000),
    Place("Campobasso", "86100", "Molise", 41.560, 14.668, 47_000),
    Place("Belluno", "32100", "Veneto", 46.140, 12.217, 35_000),
    Place("Aosta", "11100", "Valle d'Aosta", 45.737, 7.320, 33_000),
    Place("Nuoro", "08100", "Sardegna", 40.321, 9.330, 34_000),
)
#: Position in `AREAS` and in `REGIONS` of each place.
AREA_OF_PLACE: Final = np.array([AREAS.index(place.area) for place in PLACES])
REGION_OF_PLACE: Final = np.array([REGIONS.index(place.region) for place in PLACES])


def distance_km(
    latitude: FloatArray, longitude: FloatArray, other_latitude: FloatArray, other_longitude: FloatArray
) -> FloatArray:
    """Great-circle distance in km (haversine) of points in degrees; the arrays broadcast."""
    phi, other_phi = np.radians(latitude), np.radians(other_latitude)
    half_phi = (other_phi - phi) / 2
    half_lambda = np.radians(np.asarray(other_longitude) - longitude) / 2
    chord = np.sin(half_phi) ** 2 + np.cos(phi) * np.cos(other_phi) * np.sin(half_lambda) ** 2
    return np.asarray(2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(chord)))
