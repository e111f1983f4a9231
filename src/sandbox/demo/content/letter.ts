/** The creator's long draft, a whole newsletter: longer than one Telegram message (4096 characters), so that it comes as a file. */
export const theLetter = `THE BISQUE, no. 212
Thursday’s letter from Kiln & Kettle

Who paid for this letter: 571 of you, at €4, and Brindle Clay Co., €400. Brindle has not seen it.

Good morning.

A correction first, because it belongs above the weather. Last week’s ash white adds up to 103 %. The feldspar should read 40, not 43. Walt Pruitt made it as printed and reports the colour of porridge. We’ve mended the web version, we’re paying for Walt’s clay, and we’ve bought a calculator for the person who set the page. That person is writing this.

1. Forty-three last firings

On Saturday at seven we stood at Bert Oldham’s gate with a pan of soup. Bert has fired a salt kiln behind his house for forty-three years, and after each firing he says that it was the last one. His wife, Jean, used to write “last firing” into the calendar. She stopped in 1997. “I was running out of calendar,” she says.

A salt kiln doesn’t whisper. At about 1280 degrees Bert wraps damp salt in newspaper (local, broadsheet: “the tabloids don’t carry enough”) and pushes the parcels through a gap in the bricks with a length of angle iron. Each goes in with a crack like a dropped tray, and then the whole chimney breathes out, white, over the allotments. Ruben had been told to stand behind the water butt. He stood behind the water butt. You’ll hear it in episode 50: eleven parcels, one dog, and at the very end Bert saying, quite close to the microphone, “Well. That’s the last one, then.”

We asked what he’d do with the time. He thought about it for so long that Jean went in for her cardigan. “Wood,” he said. “I’ve never tried wood.”

2. What a cup does to tea, continued

Two weeks ago we wrote that a cup changes a tea, and eleven of you wrote back to say that it’s imagination. So on Thursday we sat down at Teahouse Lumen with three winter oolongs, three cups by Harbour Pottery, and six people who’d been told only that there would be cake.

The cups: porcelain with a thin lip, stoneware glazed inside and out, stoneware left bare inside. The same tea, from the same pot, poured in the same minute. Nobody was told which was which, though it’s hard to hide a bare clay lip from a lip.

Five of the six called the bare cup “rounder”. Four said “quieter”. Ahmed Rahimi, who sold us the tea, drank from all three, put them down in a row and said, “This one is the tea. This one is the tea in a good mood. And this one has eaten my top note and isn’t sorry.” Marta maintains that a thick lip is a matter of character. Ruben has stuck Ahmed’s verdict to our kettle. The argument goes on; the tea is finished.

3. The mug that leans left

You may remember Sunniva Holm, who bought a second for €3 because its handle leaned left, and she’s left-handed. She went looking for the potter. It took her four markets, two online groups and a man who knows everyone, and she found her, in a shed behind a primary school in Nether Wick. Her name is Carol Stott. She’s left-handed too.

“They all come out like that,” Carol said. “I thought that it was me.” It was. For nine years she’d been putting every mug that leaned her own way into the seconds bin, and keeping the ones where she’d fought it. On Monday she put up a new sign. It says LEFTS, €24. She’s sold out until March.

4. Small things

• The studio map has 217 studios now, and one fewer in the river. Thank you, Jo.
• Brindle’s white stoneware comes from a new seam: shrinkage 12.5 %, it was 12. Bags from batch B-0412 onwards. Test your lids before you throw a dinner set.
• Open Kiln Day is Saturday 4 October, from ten, 31 studios. The 14 will stop at the brickworks gate, swans permitting.
• Cone Six no. 4 goes to the printer on the 20th. Page 14 will say “gold-coloured repair”. Kat, you can stop shouting.
• We have a paid place for three months from January. You’d edit sound, carry boxes, and be quiet near kilns.

5. A letter from a reader

“My daughter’s school asked me to explain my job. I said that I make mud round. There are now twenty-six pinch pots on my drying shelf, and one is solid. I mean it’s a ball. She says that it’s a bowl for something very small. I’ve been looking at it for a week, and I’ve started to think that she’s right.” (Tom, Otterby)

Until next Thursday. If you make something today, leave your thumb in it.

Marta, Ruben, Ji-woo, and Grog, who’s asleep on the proofs
`;
