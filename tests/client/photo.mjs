/** A photo as a phone's camera makes it: with the name of the camera inside, which nobody should find later. */

/** A JPEG of what stands on a page, with an EXIF part in front of the picture. */
export async function cameraPhoto(page) {
  const picture = await page.screenshot({ type: 'jpeg' })
  return Buffer.concat([picture.subarray(0, 2), exif('SECRETPHONE'), picture.subarray(2)])
}

/** One entry, "Make", in a TIFF of big-endian numbers, as the EXIF standard wants it. */
function exif(maker) {
  const text = Buffer.from(`${maker}\0`)
  const directory = Buffer.alloc(26)
  directory.write('MM', 0)
  directory.writeUInt16BE(42, 2)
  directory.writeUInt32BE(8, 4)
  directory.writeUInt16BE(1, 8)
  directory.writeUInt16BE(0x010f, 10)
  directory.writeUInt16BE(2, 12)
  directory.writeUInt32BE(text.length, 14)
  directory.writeUInt32BE(26, 18)
  const body = Buffer.concat([Buffer.from('Exif\0\0'), directory, text])
  const head = Buffer.from([0xff, 0xe1, 0, 0])
  head.writeUInt16BE(body.length + 2, 2)
  return Buffer.concat([head, body])
}
