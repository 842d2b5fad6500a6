"use strict";
// Passkeys need a script: the browser keeps them.
