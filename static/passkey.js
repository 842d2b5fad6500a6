"use strict";
// Passkeys need a script: the browser keeps them. A form with data-passkey is shown where
// the browser has any, and is sent with what the browser says of one (WebAuthn level 3).
(() => {
	const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
	const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

	const optionsOf = (form) => {
		const options = JSON.parse(form.dataset.options);
		options.challenge = bytes(options.challenge);
		if (options.user) options.user.id = bytes(options.user.id);
		for (const list of [options.allowCredentials, options.excludeCredentials]) {
			for (const one of list || []) one.id = bytes(one.id);
		}
		return options;
	};

	const said = (credential) => {
		const from = credential.response, response = {};
		for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
			if (from[name]) response[name] = text(from[name]);
		}
		if (from.getTransports) response.transports = from.getTransports();
		return JSON.stringify({
			id: credential.id, rawId: text(credential.rawId), type: credential.type, response,
			authenticatorAttachment: credential.authenticatorAttachment || undefined,
			clientExtensionResults: credential.getClientExtensionResults(),
		});
	};

	for (const form of document.querySelectorAll("form[data-passkey]")) {
		if (!window.PublicKeyCredential) continue;
		form.hidden = false;
		form.addEventListener("submit", async (event) => {
			event.preventDefault();
			const button = form.querySelector("button"), problem = form.querySelector("[role=alert].error");
			button.disabled = true;
			problem.textContent = "";
			try {
				const credential = await navigator.credentials[form.dataset.passkey]({ publicKey: optionsOf(form) });
				form.elements.credential.value = said(credential);
				form.submit();
			} catch {
				problem.textContent = form.dataset.problem;
				button.disabled = false;
			}
		});
	}
})();
