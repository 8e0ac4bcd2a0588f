"""The input texts of the cases of real models: invented people with what identifies them, and opinions."""

PEOPLE = [
    {"given": "Maria", "surname": "Alvarez", "email": "maria.alvarez@example.com", "phone": "(415) 555-0132",
     "number": "1742", "street": "Willow Creek Road", "unit": "Apt 5B", "city": "Sacramento", "state": "CA",
     "zip": "95814", "tax": "078-05-1120", "account": "000123456789", "routing": "121000358", "passport": "C03005988",
     "license": "D1234562", "url": "https://alvarez-design.example.com/about"},
    {"given": "Jürgen", "surname": "Müller-Lüdenscheidt", "email": "j.mueller+work@beispiel.example",
     "phone": "+49 30 901820", "number": "12a", "street": "Königsallee", "unit": "2. Stock", "city": "Düsseldorf",
     "state": "NRW", "zip": "40212", "tax": "12 345 678 901", "account": "DE89 3704 0044 0532 0130 00",
     "routing": "37040044", "passport": "C01X00T47", "license": "B072RRE2I55", "url": "www.müller.example"},
    {"given": "Siobhán", "surname": "O'Connor", "email": "siobhan_oconnor@mail.example.ie", "phone": "+353-1-555-0199",
     "number": "7", "street": "St. Stephen's Green", "unit": "Suite 300", "city": "Dublin", "state": "Leinster",
     "zip": "D02 XY45", "tax": "1234567FA", "account": "93115212345678", "routing": "931152", "passport": "XN5003478",
     "license": "OCO751018SM9IJ", "url": "http://oconnor.example.ie:8080/?id=7&lang=ga"},
    {"given": "花子", "surname": "山田", "email": "hanako@example.jp", "phone": "03-5555-0123", "number": "1-2-3",
     "street": "桜通り", "unit": "#405", "city": "東京", "state": "Tōkyō", "zip": "〒100-0001", "tax": "1234 5678 9012",
     "account": "1234567", "routing": "0001-001", "passport": "TK1234567", "license": "301234567890",
     "url": "https://example.jp/花子"},
    {"given": "DeShawn", "surname": "Washington", "email": "DWASHINGTON@EXAMPLE.ORG", "phone": "5555550147",
     "number": "900", "street": "Martin Luther King Jr Blvd", "unit": "Unit 12", "city": "New Orleans",
     "state": "Louisiana", "zip": "70119-2403", "tax": "900-70-0001", "account": "4111 1111 1111 1111",
     "routing": "065000090", "passport": "548210963", "license": "010203040", "url": "example.org/~dwashington"},
]

MESSAGES = [
    "My name is {given} {surname} and I live in {city}.",
    "Please call {given} at {phone} before noon.",
    "Send the invoice to {email}, not to the old address.",
    "Ship it to {number} {street}, {unit}, {city}, {state} {zip}.",
    "{given} {surname}\n{number} {street}\n{unit}\n{city}, {state} {zip}\n{phone}\n{email}",
    "Her Social Security number is {tax}; do not share it.",
    "Wire the money to account {account}, routing number {routing}.",
    "Passport no. {passport}, issued to {surname}, {given}.",
    "Driver's license {license} expires in 2031.",
    "See {url} for the portfolio of {given} {surname}.",
    "hi, this is {given}… can you text me on {phone}? 😀👍🏽",
    "Patient: {surname}, {given} | Tel: {phone} | ZIP: {zip}",
    '{{"first_name": "{given}", "last_name": "{surname}", "email": "{email}", "ssn": "{tax}"}}',
    "<td>{given}</td><td>{surname}</td><td>{city}</td><td>{zip}</td>",
    "Dear Dr. {surname}, thank you for visiting us in {city}, {state} last week. Kind regards, the front desk.",
    "{given} met {given} {surname}'s brother on {street} near number {number}.",
    "I FORGOT MY PASSWORD. MY E-MAIL IS {email} AND MY PHONE IS {phone}!!!",
    "Name={given};Surname={surname};Account={account};Routing={routing};Tax={tax}",
    "The meeting is on Tuesday at ten; {given} brings the coffee, and nobody else needs to do anything.",
    "Transferred\u00a0by\u2009{given}\u200b {surname} (passport {passport}, licence {license}) — {url}",
]

SUBJECTS = ["The film", "This phone", "Dinner at the new place", "The hotel room", "My second order",
            "The audiobook", "The customer service", "THE BATTERY", "The game's last level",
            "The jacket I bought online"]

OPINIONS = [
    "was wonderful from start to finish!",
    "is the worst thing I have ever paid for.",
    "was fine, nothing more.",
    "broke after two days, and nobody answered my e-mails.",
    "exceeded all my expectations 😀",
    "is not bad at all, but I would not buy it again.",
    "made me so happy that I told all my friends about it.",
    "… I have no words. Disappointing. 👎",
    "could have been better, yet I'd still recommend it.",
    "cost $19.99 and was worth every cent.",
]

PRIVATE = [message.format(**person) for message in MESSAGES for person in PEOPLE]
REVIEWS = [f"{subject} {opinion}" for subject in SUBJECTS for opinion in OPINIONS]
assert len(PRIVATE) == len(REVIEWS) == 100
