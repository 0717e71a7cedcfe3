"use strict";

// Nothing is asked of other machines: no validator. A key that is typed in is forgotten with the page.
SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#page",
  deepLinking: true,
  validatorUrl: null,
});
