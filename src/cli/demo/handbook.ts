/** The document of the demo, in Markdown. It is part of the program, so that the demo needs no source. */
export const handbook = `# Harbour Library: a handbook for members and staff

The Harbour Library lends books, maps, tools and musical instruments to everybody who lives or works on the island. It
was founded in 1911 by the ferry company, which needed a place for passengers to wait out storms, and it has belonged to
the municipality since 1954. This handbook describes how the library works. Members find the rules for borrowing in chapter 2;
staff find their daily work in chapters 4 and 5.

## 1. Opening hours and how to find us

The library stands on the east quay, in the former customs house. The reading room is on the ground floor, the map room
is on the first floor, and the workshop with the tools is in the yard behind the building.

The reading room is open from nine in the morning until eight in the evening, Tuesday to Saturday. On Sundays it is open
from noon until five. On Mondays the whole building is closed, because the ferry does not run and the heating is serviced.

The workshop opens at ten, an hour after the reading room, and nobody works there alone: a second person must be within
call. In winter, from November to March, the workshop closes at four, because there is no lamp in the yard.

When a storm warning is in force, the reading room stays open all night for passengers who are waiting for the ferry.
Soup is served from the small kitchen; it is free, and has been since the first winter.

## 2. Borrowing

### 2.1 Becoming a member

Everybody over the age of six may become a member. A membership costs nothing for children, students and the crew of the
ferry; everybody else pays twelve crowns a year. The card is issued at the desk while you wait, and it is valid on the
day on which it is issued.

A lost card must be reported immediately. Until it is reported, the member is responsible for everything that is borrowed
with it; from the moment of the report, the card is void, and no desk of the library accepts it. A new card costs two
crowns.

### 2.2 Limits and loan periods

A member may borrow up to eight books at a time. Children under twelve may borrow up to four. Books are lent for four
weeks, and a loan can be renewed twice, unless somebody else is waiting for the book.

Maps are lent for one week and cannot be renewed. Sea charts are not lent to anybody during the sailing season, from May
to September, as the harbour master must be able to consult them at any hour.

Tools are lent for three days against a deposit of ten crowns, which is paid back when the tool is returned clean and dry.
The long ladder is lent to two persons together, never to one.

Musical instruments are lent for three months. The two violins and the concertina have a waiting list; the drum has none.

### 2.3 Late returns

For each day on which a book is late, a fine of half a crown is charged, up to the price of the book. There is no fine
for days on which the ferry did not run. A member who owes more than twenty crowns cannot borrow anything until the debt
is paid, but may still read in the building.

Damage by sea water is forgiven once in a lifetime. The desk keeps a list.

## 3. Rooms and machines

Two study rooms can be reserved, for up to four hours a day. A reservation is held for fifteen minutes; after that, the
room goes to the first person who asks.

There are six computers. They are cleared every night at midnight, so keep nothing on them that you want to find again.
Printing costs a tenth of a crown per page, and five pages a day are free for pupils with homework.

The reading machine for blind members is in the map room. It reads aloud in four languages. Ask at the desk for the
headphones.

## 4. The desk

### 4.1 Morning

The person who opens the library switches on the lamp over the door first: the ferry steers by it. Then the return box on the
quay is emptied. Books that are wet go to the drying rack, not to the shelves; the rack stands beside the boiler and holds
forty volumes.

The cash box is counted by two persons, before the door is opened and after it is closed. Differences of more than one
crown are written into the blue book, with both names.

### 4.2 Keys

There are three sets of keys. The white set opens the reading room and the map room. The green set opens the workshop as
well. The red set opens everything, including the vault with the sea charts, and never leaves the building.

Keys must not be passed on to anybody else. Staff who need one for a day ask the librarian, who writes down the name, the
set and the hour. A key that is not back by closing time is treated as lost: the lock is changed the same evening, and from
then on the old key opens nothing.

The vault is opened by two persons, and only on a written request of the harbour master. The request is kept for ten
years.

### 4.3 Evening

Before closing, every room is walked through, the windows of the map room are shut, and the boiler is turned down to
fourteen degrees. The last person to leave signs the book at the door. The lamp over the door stays on.

## 5. The collection

The collection holds about 31,000 volumes. A third of them are novels, a fifth are about the sea, and the rest is divided
among everything else. Nothing that was printed on the island is ever sold or given away, whatever its condition.

New books are chosen on the first Thursday of the month by a committee of five: the librarian, a teacher, two members
who are drawn by lot, and a child. The child has a veto, which has been used twice.

The oldest book in the collection is a tide table of 1688. It can be seen on request, with clean hands, under the eyes of
the librarian. The heaviest is an atlas that weighs nineteen kilograms; it has a table of its own.

## 6. In an emergency

In case of fire, leave everything and go to the quay; the meeting point is under the crane. The ferry's whistle, three
long blasts, means that the building must be left as well.

In case of flood, the books on the two lowest shelves of the ground floor are carried upstairs first. They are marked
with a blue dot. It takes six persons about forty minutes; it has been practised every October since the flood of 1976.

The librarian's telephone number is inside the door of the cash box. It may be called at any hour.
`;
