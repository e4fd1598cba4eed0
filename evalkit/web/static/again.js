"use strict";
// What this page waits for is made beside it: it asks again, as a page without scripts does by itself.
setTimeout(() => location.reload(), 1000);
