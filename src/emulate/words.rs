//! Words of our own, from which titles, descriptions, tags and names are put together.

/// What a category's posts are about, in the order of the categories.
#[rustfmt::skip]
pub(super) const TOPICS: [[&str; 20]; 13] = [
    [
        "Watercolor Skies", "Charcoal Portraits", "Ink Botanicals", "Acrylic Pouring", "Gouache Birds",
        "Clay Figures", "Linocut Prints", "Abstract Canvases", "Pencil Shading", "Street Murals",
        "Oil Still Lifes", "Sketchbook Pages", "Paper Sculpture", "Pastel Seascapes", "Line Drawings",
        "Palette Knife Work", "Comic Panels", "Collage Layers", "Pointillism", "Glass Painting",
    ],
    [
        "Smoky Eyes", "Gel Manicures", "Curly Hair", "Dewy Skin", "Braided Updos", "Matte Lipstick",
        "Winged Eyeliner", "Face Masks", "Balayage", "Brow Shaping", "Hair Oils", "Nail Stamping",
        "Contouring", "Short Bobs", "Sunscreen Habits", "Lash Lifts", "Blush Placement", "Beach Waves",
        "French Tips", "Night Routines",
    ],
    [
        "Advent Calendars", "Wreath Making", "Tree Toppers", "Gingerbread Houses", "Stocking Fillers",
        "Paper Stars", "Mantel Garlands", "Cookie Swaps", "Felt Ornaments", "Gift Wrapping",
        "Candle Rings", "Table Settings", "Snow Globes", "Porch Lights", "Nordic Decor",
        "Mulled Drinks", "Pinecone Crafts", "Card Making", "Family Pajamas", "Winter Villages",
    ],
    [
        "Macrame Hangers", "Mason Jars", "Paper Flowers", "Rope Baskets", "Upcycled Denim",
        "Resin Trays", "Pom Pom Rugs", "Wood Burning", "Candle Pouring", "Punch Needle", "Soap Molds",
        "Bottle Lamps", "Felt Animals", "Tie Dye", "Beaded Earrings", "Pallet Shelves", "Terrazzo Pots",
        "Quilt Squares", "Clothespin Frames", "Kids Puppets",
    ],
    [
        "Phonics Games", "Reading Corners", "Fraction Strips", "Science Jars", "Number Lines",
        "Morning Meetings", "Spelling Ladders", "Anchor Charts", "Sensory Bins", "Exit Tickets",
        "Story Maps", "Classroom Jobs", "Times Tables", "Map Skills", "Grammar Posters",
        "Fine Motor Trays", "Book Reports", "Calm Corners", "Homework Folders", "Geometry Puzzles",
    ],
    [
        "Seating Charts", "Balloon Arches", "Wedding Timelines", "Baby Showers", "Table Numbers",
        "Garden Parties", "Guest Books", "Dessert Bars", "Photo Booths", "Corporate Retreats",
        "Centerpieces", "Bridal Brunches", "Invitation Suites", "Backyard Weddings", "Rehearsal Dinners",
        "Party Favors", "Vendor Lists", "Aisle Runners", "Signature Drinks", "Budget Sheets",
    ],
    [
        "Emergency Funds", "Zero Budgets", "Side Hustles", "Index Funds", "Debt Snowballs",
        "Savings Jars", "Cash Envelopes", "Credit Scores", "No Spend Months", "Meal Budgets",
        "Sinking Funds", "Tax Folders", "Rental Income", "Dividend Plans", "Money Dates", "Net Worth Logs",
        "Frugal Habits", "Student Loans", "First Homes", "Retirement Maths",
    ],
    [
        "Gallery Walls", "Open Shelving", "Boho Bedrooms", "Entryway Benches", "Linen Curtains",
        "Small Kitchens", "Reading Nooks", "Plant Corners", "Farmhouse Tables", "Attic Rooms",
        "Rattan Lamps", "Bathroom Tiles", "Accent Walls", "Velvet Sofas", "Laundry Rooms",
        "Closet Systems", "Fireplace Makeovers", "Balcony Gardens", "Herb Windowsills", "Mirror Walls",
    ],
    [
        "Linen Shirts", "Chelsea Boots", "Wool Overcoats", "Denim Jackets", "Pocket Squares",
        "Slim Chinos", "Knit Polos", "Leather Belts", "Summer Suits", "White Sneakers", "Beard Styles",
        "Field Watches", "Monochrome Looks", "Corduroy Trousers", "Layered Outfits", "Travel Blazers",
        "Workwear", "Fade Haircuts", "Aviator Shades", "Capsule Wardrobes",
    ],
    [
        "Morning Mantras", "Quiet Strength", "Letters to Myself", "Small Joys", "Brave Beginnings",
        "Friendship Lines", "Grief and Light", "Work Wisdom", "Love Notes", "Letting Go",
        "Self Respect", "Old Proverbs", "Monday Courage", "Hope in Winter", "Soft Days",
        "Growing Slowly", "Mother Words", "Bookish Sayings", "Team Spirit", "Patience",
    ],
    [
        "Fine Line Tattoos", "Sleeve Concepts", "Floral Ankles", "Geometric Wolves", "Script Ribs",
        "Constellations", "Wave Wrists", "Blackwork Bands", "Tiny Hearts", "Watercolor Koi",
        "Botanical Arms", "Compass Roses", "Moon Phases", "Mountain Ranges", "Snake Coils",
        "Dotwork Mandalas", "Matching Pairs", "Neck Pieces", "Vintage Swallows", "Peony Shoulders",
    ],
    [
        "Island Hopping", "Night Trains", "Packing Lists", "Hidden Beaches", "City Weekends",
        "National Parks", "Street Food", "Mountain Huts", "Road Trips", "Old Towns", "Solo Trips",
        "Lake Cabins", "Desert Camps", "Harbour Walks", "Fjord Cruises", "Temple Mornings",
        "Vineyard Stays", "Camera Bags", "Winter Escapes", "Ferry Routes",
    ],
    [
        "Classic Coupes", "Camper Vans", "Cafe Racers", "Electric Hatchbacks", "Pickup Builds",
        "Vintage Scooters", "Roof Tents", "Engine Swaps", "Cargo Bikes", "Rally Legends",
        "Leather Interiors", "Alloy Wheels", "Track Days", "Sidecar Rides", "Diesel Swaps",
        "Garage Storage", "Paint Correction", "Overland Gear", "Hot Hatches", "Gravel Touring",
    ],
];

/// What follows a topic in a tag or a title.
#[rustfmt::skip]
pub(super) const NOUNS: [&str; 24] = [
    "Ideas", "Inspiration", "Tips", "Tutorial", "Guide", "Designs", "Projects", "Aesthetic", "Tricks",
    "For Beginners", "At Home", "On A Budget", "Photos", "Goals", "Plans", "Style", "Checklist",
    "Favorites", "Looks", "Step By Step", "Moodboard", "Secrets", "Basics", "Trends",
];

#[rustfmt::skip]
pub(super) const ADJECTIVES: [&str; 32] = [
    "Easy", "Cozy", "Bold", "Simple", "Modern", "Timeless", "Gorgeous", "Clever", "Rustic", "Playful",
    "Elegant", "Minimal", "Colorful", "Vintage", "Charming", "Fresh", "Quick", "Dreamy", "Natural",
    "Budget", "Creative", "Stunning", "Quiet", "Sunny", "Unusual", "Honest", "Moody", "Handmade",
    "Little-Known", "Practical", "Lovely", "Affordable",
];

#[rustfmt::skip]
pub(super) const LEADS: [&str; 16] = [
    "How to Start With", "The Best", "Our Favorite", "A Beginner's Guide to", "What I Learned From",
    "Everything About", "Ways to Enjoy", "Why We Love", "DIY", "All Kinds of", "The Secret of",
    "My Year of", "Get Inspired by", "A Closer Look at", "Before You Try", "Fall in Love With",
];

#[rustfmt::skip]
pub(super) const TAILS: [&str; 24] = [
    "You Can Try Today", "for Small Spaces", "That Actually Work", "for Busy Weeks", "in Under an Hour",
    "Worth Saving", "to Make With Kids", "for Every Season", "Without the Stress", "on a Shoestring",
    "to Copy This Year", "for Absolute Beginners", "From Start to Finish", "- Fern and Finch",
    "| The Slow Studio", "(With Pictures)", "You Will Want to Keep", "for the Weekend", "Like a Pro",
    "That Feel Brand New", "to Share With Friends", "- A Year in Colour", "for Rainy Days", "Step by Step",
];

/// Beginnings of sentences, a topic follows.
#[rustfmt::skip]
pub(super) const OPENERS: [&str; 24] = [
    "Looking for a fresh take on ", "This guide walks you through ", "We tried dozens of ways to do ",
    "There is something special about ", "If you have always been curious about ",
    "You don't need much to get started with ", "Here is a whole collection of ideas around ",
    "Save this pin for later: it has all you need for ", "Everyone is talking about ",
    "My honest review after one year of ", "A simple plan for anyone who loves ",
    "Nothing brings people together like ", "Learn how to get the most out of ",
    "The little details make all the difference in ", "Find out which mistakes to avoid with ",
    "A cup of tea, an hour of time and some ", "Download the free printable and begin with ",
    "Our readers keep asking us about ", "These photos prove how much can be done with ",
    "From the first try to the last touch, enjoy ", "Get ready to be surprised by ",
    "Whether you are new or experienced, you'll like ", "We asked five experts what they think of ",
    "Step by step instructions and a list of materials for ",
];

/// Ends of sentences.
#[rustfmt::skip]
pub(super) const CLOSERS: [&str; 24] = [
    ", and it takes less than an afternoon.", " that fit any budget and any room.",
    " - no special tools needed!", ". Scroll down to see how it turned out.",
    ", with tips that we wish we had known earlier.", " for kids, teens and grown-ups alike.",
    ". Which one is your favorite?", " you can start right now with what you have.",
    ", tested over many weekends by our small team.", ". Pin it, share it, make it yours!",
    " with a touch of color and a lot of heart.", " that look far more expensive than they are.",
    ". Click through for the complete list.", ", even if you think you can't.",
    " and a few words on what to leave out.", ". It's easier than you might think!",
    " in a calm, unhurried way.", ", because good things deserve a little patience.",
    " made with love in a tiny kitchen studio.", ". Tell us in the comments how yours came out!",
    ", including prices and where to buy.", " (and yes, the dog helped).",
    ", from quick fixes to big plans.", " that will brighten up your week.",
];

/// Typographic or accented text that real posts are full of.
#[rustfmt::skip]
pub(super) const TYPOGRAPHIC: [&str; 12] = [
    "Here’s What Nobody Told Us About", "Crème de la Crème:", "A Dreamer’s Notes –", "Façades & Cafés:",
    "“Less Is More” –", "The Café Owner’s", "Jalapeño Red:", "Don’t Miss These", "Déjà Vu:", "It’s All About",
    "Smörgåsbord of", "We’re Obsessed With",
];

/// Scripts of the world, as whole texts.
#[rustfmt::skip]
pub(super) const WORLD: [&str; 24] = [
    "Идеи для уютного дома своими руками", "手作りで楽しむ小さな暮らし", "작은 방을 넓게 쓰는 방법",
    "用旧木板做一张小书桌", "أفكار بسيطة لتزيين غرفة المعيشة", "רעיונות קטנים לבית חם",
    "घर पर बनाने के आसान तरीके", "ไอเดียแต่งบ้านหลังเล็ก", "Ιδέες για ένα μικρό μπαλκόνι",
    "Ý tưởng trang trí phòng nhỏ", "Küçük evler için güzel fikirler", "Ideas fáciles para el salón de otoño",
    "Idées déco pour un été léger", "Schöne Dinge für draußen und drinnen", "Pomysły na jesienny weekend",
    "Pequeños rincones con mucha luz", "Nápady pro malé zahrady", "Vackra färger för hösten",
    "விடுமுறை நாட்களுக்கான யோசனைகள்", "ছোট ঘরের জন্য সহজ সাজ", "იდეები პატარა სახლისთვის",
    "Գաղափարներ փոքր տան համար", "خانه‌ای کوچک با نور زیاد", "𝓢𝓵𝓸𝔀 𝓛𝓲𝓿𝓲𝓷𝓰 𝓓𝓲𝓪𝓻𝔂",
];

/// Astral emoji, a family joined by zero-width joiners, a flag, a skin tone, a variation selector.
#[rustfmt::skip]
pub(super) const EMOJI: [&str; 16] = [
    "😍", "🌈", "✨🎄✨", "🔥🔥", "🌿", "💡", "👩‍👩‍👧", "🇵🇹", "👍🏽", "❤️", "🎨🖌️", "🏠", "✈️🌍", "🧶", "💅🏻", "🏍️💨",
];

#[rustfmt::skip]
pub(super) const POSTER_FIRST: [&str; 96] = [
    "Maple", "Willow", "Golden", "Urban", "Velvet", "Cedar", "Coral", "Sunday", "Indigo", "Rustic", "Paper",
    "Copper", "Little", "Salty", "Northern", "Honey", "Silver", "Crafty", "Lemon", "Quiet", "Wild",
    "Cobalt", "Modern", "Olive", "Sugar", "Ivory", "Nomad", "Pebble", "Clever", "Rosewood", "Juniper",
    "Harbor", "Minty", "Dusty", "Bright", "Linen", "Amber", "Pine", "Ocean", "Scarlet", "Mellow", "Frosty",
    "Velour", "Meadow", "Gentle", "Cactus", "Nordic", "Saffron", "Lunar", "Poppy", "Cloud", "Granite",
    "Happy", "Sandy", "Thrifty", "Cozy", "Fern", "Ginger", "Pastel", "River", "Sage", "Tiny", "Bold",
    "Clay", "Denim", "Ember", "Fable", "Grove", "Hazel", "Iris", "Jade", "Kindred", "Lilac", "Mango",
    "Nimble", "Opal", "Peach", "Quartz", "Raven", "Stone", "Tulip", "Umber", "Vintage", "Wander", "Yonder",
    "Zesty", "Aspen", "Birch", "Cinder", "Dahlia", "Echo", "Flint", "Glow", "Heather", "Island", "Jolly",
];

#[rustfmt::skip]
pub(super) const POSTER_SECOND: [&str; 128] = [
    "Studio", "Kitchen", "Journal", "Homestead", "Workshop", "Diary", "Collective", "Corner", "Market",
    "Nest", "Blog", "Boutique", "Cottage", "Notebook", "Atelier", "Garden", "House", "Press", "Gallery",
    "Wardrobe", "Parlor", "Pantry", "Supply", "Outfitters", "Papers", "Threads", "Interiors", "Weekly",
    "Traveler", "Makers", "Mornings", "Evenings", "Cabinet", "Loft", "Barn", "Bakery", "Closet", "Canvas",
    "Compass", "Lantern", "Anchor", "Feather", "Button", "Teapot", "Window", "Ladder", "Basket", "Blanket",
    "Candle", "Mirror", "Saddle", "Trolley", "Postcard", "Suitcase", "Bicycle", "Motorworks", "Garage",
    "Classroom", "Library", "Playroom", "Nursery", "Savings", "Ledger", "Budget", "Finance", "Academy",
    "School", "Lessons", "Letters", "Quotes", "Words", "Stories", "Tales", "Whispers", "Sayings", "Ink",
    "Tattoo", "Needle", "Palette", "Brush", "Sketches", "Prints", "Frames", "Beauty", "Glam", "Mane",
    "Lashes", "Nails", "Skin", "Scents", "Soap", "Weddings", "Parties", "Events", "Balloons", "Favors",
    "Tables", "Florals", "Ribbons", "Wreaths", "Ornaments", "Cookies", "Holidays", "Winters", "Summers",
    "Autumns", "Springs", "Roads", "Trails", "Shores", "Harbors", "Skies", "Maps", "Tickets", "Wheels",
    "Engines", "Riders", "Drivers", "Suits", "Tailors", "Boots", "Hats", "Watches", "Gents", "Crafts",
    "Knots", "Yarns", "Tools",
];

/// How the two words of a poster's name stand: text between and behind them.
#[rustfmt::skip]
pub(super) const POSTER_FORMS: [(&str, &str); 16] = [
    (" ", ""), (" ", " Co"), (" & ", ""), (" and ", ""), (" ", " Blog"), (" ", " | Lifestyle"), (" ", " LLC"),
    ("", ""), ("_", ""), (" ", ".com"), (" the ", ""), (" of ", ""), (" ", ": Ideas for Home"),
    (" ", " Shop"), (" in ", ""), (" for ", ""),
];

#[rustfmt::skip]
pub(super) const FIRST_NAMES: [&str; 128] = [
    "Ada", "Adrian", "Agnes", "Aiko", "Alba", "Alejandro", "Alice", "Amara", "Amir", "Ana", "Anders", "Anika",
    "Anselm", "Aoife", "Ariel", "Arjun", "Asha", "Astrid", "Beatriz", "Benedikt", "Bianca", "Björn", "Bruno",
    "Camille", "Carla", "Cedric", "Chiara", "Chloë", "Ciarán", "Clara", "Cosmo", "Dalia", "Damian", "Daria",
    "Diego", "Dina", "Dmitri", "Edith", "Eleni", "Elif", "Emeka", "Emil", "Emre", "Erin", "Esther", "Ethan",
    "Fatima", "Felix", "Fiona", "Freya", "Gaël", "Gideon", "Giulia", "Grace", "Gustav", "Hana", "Hannah",
    "Henrik", "Hugo", "Ibrahim", "Ida", "Ingrid", "Iris", "Isabel", "Ivan", "Jana", "Jasper", "Joana", "Jonas",
    "José", "Jude", "Julia", "Kai", "Karim", "Katya", "Keiko", "Kofi", "Lars", "Laila", "Lena", "Leonor",
    "Lev", "Linh", "Luca", "Lucía", "Maeve", "Magnus", "Malik", "Marek", "Marisol", "Mateo", "Matilda", "Mei",
    "Milan", "Mira", "Nadia", "Naomi", "Nikolai", "Nils", "Noor", "Núria", "Olga", "Omar", "Oscar", "Otto",
    "Paloma", "Pavel", "Petra", "Priya", "Rafael", "Ravi", "Renée", "Rosa", "Ruth", "Salma", "Samir", "Selma",
    "Sione", "Sofia", "Søren", "Tariq", "Tessa", "Thandi", "Tomás", "Ulla", "Vera", "Yusuf", "Zoë",
];

#[rustfmt::skip]
pub(super) const LAST_NAMES: [&str; 160] = [
    "Abara", "Adler", "Aguirre", "Ahlberg", "Almeida", "Amari", "Andrade", "Arslan", "Asante", "Baptista",
    "Barros", "Baum", "Becker", "Bellini", "Berg", "Bianchi", "Blom", "Boateng", "Bogdanov", "Bouchard",
    "Brandt", "Byrne", "Calderón", "Carvalho", "Castellanos", "Černý", "Chandra", "Choi", "Conti", "Costa",
    "Croft", "D'Angelo", "Da Silva", "Dahl", "De la Cruz", "Demir", "Diallo", "Doyle", "Dubois", "Eckhart",
    "Eide", "Engström", "Escobar", "Fabre", "Falk", "Farah", "Ferrari", "Finch", "Fischer", "Fontaine",
    "Fraser", "Fuentes", "Gallo", "Garcia-Lopez", "Gerber", "Ghosh", "Gomes", "Grant", "Greco", "Grünwald",
    "Haddad", "Hagen", "Hakimi", "Halvorsen", "Hansen", "Hartmann", "Hayashi", "Hedlund", "Herrera", "Hoang",
    "Holm", "Horvat", "Hossain", "Ibsen", "Ito", "Ivanova", "Jansen", "Jensen", "Joshi", "Kamara", "Kaplan",
    "Karlsen", "Kaya", "Keller", "Khan", "Kimura", "Koch", "Kovač", "Kowalski", "Kruger", "Lacroix", "Larsen",
    "Laurent", "Lindqvist", "Lombardi", "Lund", "Machado", "Madsen", "Maier", "Marino", "Martins", "Mensah",
    "Meyer", "Mbeki", "Molnár", "Moreau", "Mori", "Müller", "Nakamura", "Navarro", "Ndiaye", "Nguyễn",
    "Nielsen", "Novak", "O'Brien", "O'Connor", "Okafor", "Olsen", "Ortega", "Osei", "Öztürk", "Papadakis",
    "Park", "Patel", "Pereira", "Petrov", "Pham", "Popescu", "Quist", "Rahman", "Ramos", "Rao", "Reis",
    "Ricci", "Rossi", "Roy", "Sato", "Schäfer", "Schmidt", "Shah", "Silva-Prado", "Simić", "Singh", "Solberg",
    "Sørensen", "Stein", "Suzuki", "Tanaka", "Toth", "Tran", "Ueda", "Valdés", "Van Dijk", "Varga", "Vogel",
    "Wagner", "Weiss", "Yılmaz", "Żak", "Zhou",
];
